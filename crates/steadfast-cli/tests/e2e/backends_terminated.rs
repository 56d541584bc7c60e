//! Connections that an administrator ends, again and again, are replaced without anybody noticing.

use std::time::Duration;

use crate::support::{Load, Service, ledger};
use steadfast_test::Postgres;

#[tokio::test]
async fn terminating_all_backends_three_times_under_load_fails_no_request() {
    let postgres = Postgres::start().await;
    let service = Service::seeded(&postgres, &postgres.url(), &[]).await;
    let load = Load::start(service.client);
    let mut ended = 0;
    for _ in 0..3 {
        load.goes_on_for(Duration::from_secs(1)).await;
        ended += postgres.terminate_backends("steadfast").await;
    }
    load.goes_on_for(Duration::from_secs(1)).await;
    let record = load.stop().await;
    record.print(&format!("{ended} backends terminated in three rounds"));
    assert!(ended >= 3, "there was something to end in each round: {ended}");
    record.assert_no_failures();
    ledger::check(&postgres, &record).await;
}
