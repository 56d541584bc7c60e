//! A server with fewer connections than the pool would like is a queue and no failure.

use std::time::Duration;

use crate::support::client::create;
use crate::support::{Load, Service, ledger};
use steadfast_test::{Postgres, eventually};
use tokio::task::JoinSet;

#[tokio::test]
async fn a_server_that_has_too_few_connections_makes_requests_wait_and_not_fail() {
    // Three of them are for superusers: four are left for a pool of fifteen.
    let postgres = Postgres::builder().max_connections(7).start().await;
    let service = Service::seeded(&postgres, &postgres.url(), &[]).await;
    let client = service.client;
    let load = Load::start(client);
    for round in 0..3 {
        let mut volley = JoinSet::new();
        for number in 0..30 {
            let bytes = create(&format!("seed-volley-{round}-{number}"));
            volley.spawn(async move { client.exchange(&bytes).await.unwrap() });
        }
        for answer in volley.join_all().await {
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        load.goes_on_for(Duration::from_millis(500)).await;
    }
    let record = load.stop().await;
    record.print("four connections for a pool of fifteen");
    record.assert_no_failures();
    assert_eq!(record.unknown(), 0);
    let open = postgres.backends("steadfast").await.total;
    assert!(open > 0, "good connections were kept");
    postgres.psql("DELETE FROM users WHERE username LIKE 'seed-volley-%'").await;
    ledger::check(&postgres, &record).await;
    eventually("ready again", Duration::from_secs(5), async || client.get("/readyz").await.status == 200)
        .await;
}
