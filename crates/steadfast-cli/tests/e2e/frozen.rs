//! A server that stops answering with all sockets open, and goes on after a while.

use std::time::Duration;

use crate::support::{Load, Service, ledger};
use steadfast_test::Postgres;

#[tokio::test]
async fn a_server_that_freezes_for_three_seconds_is_a_wait_and_no_failure() {
    let postgres = Postgres::start().await;
    let service = Service::seeded(&postgres, &postgres.url(), &[]).await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(1)).await;
    postgres.pause();
    load.goes_on_for(Duration::from_secs(3)).await;
    postgres.resume();
    let back = load.now();
    load.goes_on_for(Duration::from_secs(3)).await;
    let record = load.stop().await;
    record.print("frozen for 3 s");
    record.assert_no_failures();
    ledger::check(&postgres, &record).await;
    let slow = |shot: &&crate::support::load::Shot| shot.began > back && shot.took() > Duration::from_secs(2);
    let last = record.shots.iter().filter(slow).map(|shot| shot.began - back).max().unwrap_or_default();
    println!("measured: frozen for 3 s: the last slow request began {last:?} after it went on");
    assert!(last < Duration::from_secs(2), "still slow {last:?} after it went on");
    let client = service.client;
    assert_eq!(client.get("/readyz").await.status, 200);
}
