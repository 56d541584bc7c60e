//! The workers want more connections than the server has.

use super::support::{all_ready, two_workers};
use crate::support::{SOON, Service};
use steadfast_test::{Postgres, eventually};

#[tokio::test]
async fn a_budget_that_does_not_hold_is_told_with_figures_to_change() {
    let postgres = Postgres::builder().setting("max_connections", "20").start().await;
    let url = postgres.url();
    let service = Service::on(&url, &[("STEADFAST_WORKERS", "2")]).await;
    let line = service.process.wait_for_line("the connection budget does not hold", SOON).await;
    assert!(line.contains("2 workers x 15 = 30 connections"), "{line}");
    assert!(line.contains("max_connections 20") && line.contains("STEADFAST_POOL_SIZE"), "{line}");
    all_ready(service.client, 2).await;
    eventually("any worker shows it", SOON, async || {
        service.client.get("/api/v1/health").await.text.contains(r#""fits":false"#)
    })
    .await;
}

#[tokio::test]
async fn a_budget_that_holds_is_told_too() {
    let (_postgres, service) = two_workers(&[]).await;
    let line = service.process.wait_for_line("the connection budget holds", SOON).await;
    assert!(line.contains("2 workers x 15 = 30 connections"), "{line}");
}
