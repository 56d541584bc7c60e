//! The database is not there when the workers start.

use std::time::Duration;

use super::support::{all_ready, workers};
use crate::support::{SOON, Service, USERS};
use steadfast_test::{Mode, Postgres, eventually};

#[tokio::test]
async fn a_missing_database_ends_neither_master_nor_worker() {
    let postgres = Postgres::start().await;
    postgres.stop(Mode::Fast).await;
    let url = postgres.url();
    let more =
        [("DATABASE_URL", url.as_str()), ("STEADFAST_WORKERS", "2"), ("STEADFAST_WORKER_TIMEOUT", "3")];
    let service = Service::start(&more).await;
    let client = service.client;
    eventually("who asks is told", SOON, async || {
        client.get(USERS).await.status == 503 && client.get("/readyz").await.status == 503
    })
    .await;
    let before = workers(client).await;
    // No wait for anything: so long the workers are without a database, longer than one may be stuck.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(workers(client).await, before);
    postgres.start_again().await;
    let after = all_ready(client, 2).await;
    let incarnations =
        |views: &[super::support::View]| views.iter().map(|v| v.incarnation).collect::<Vec<_>>();
    assert_eq!(incarnations(&after), incarnations(&before), "nobody was replaced");
    assert_eq!(client.get(USERS).await.status, 200);
    let schema = service.log().lines().filter(|line| line.contains("the schema was set up")).count();
    assert_eq!(schema, 1, "it is set up once, however many workers start");
}
