//! Fear: the server is restarted, and half of the application finds out.

use std::time::Duration;

use steadfast_test::{Mode, Postgres};
use tokio::time::{Instant, sleep};

use crate::load::{Load, Record, Way, told};
use crate::report::{Row, ms};
use crate::scene::{accepts_again, open};

/// The record, when the server was told to stop, and when it let clients in again.
async fn run(way: Way) -> (Record, Instant, Instant) {
    let server = Postgres::start().await;
    let (database, _events) = open(&server.url());
    let load = Load::start(&database, way);
    sleep(Duration::from_millis(500)).await;
    let stopped = Instant::now();
    server.stop(Mode::Fast).await;
    let (back, ()) = tokio::join!(accepts_again(&server), server.start_again());
    sleep(Duration::from_secs(1)).await;
    (load.stop().await, stopped, back)
}

pub(crate) async fn measure() -> Row {
    let mut firsts = Vec::new();
    let (mut total, mut failed) = (0, 0);
    for _ in 0..5 {
        let (reads, _, back) = run(Way::Database).await;
        total += reads.total();
        failed += reads.failed().len();
        firsts.push(reads.first_success_after(back));
    }
    let (leases, ..) = run(Way::Lease).await;
    firsts.sort_unstable();
    Row {
        fault: "restart -m fast",
        bar: "0 failed; first success within 100 ms after the server accepts again",
        figures: vec![
            format!("reads: {failed} of {total} failed in 5 restarts"),
            format!("first success after {} (worst {})", ms(firsts[2]), ms(firsts[4])),
            format!("bare leases: {} of {} failed", leases.failed().len(), leases.total()),
        ],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_fails_while_the_server_is_restarted() {
    let (record, _, back) = run(Way::Database).await;
    assert!(record.failed().is_empty(), "{}", told(&record.failed()));
    let first = record.first_success_after(back);
    assert!(first < Duration::from_secs(3), "{first:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bare_lease_fails_only_when_it_was_in_flight_at_the_restart() {
    let (record, stopped, _) = run(Way::Lease).await;
    for failed in record.failed() {
        let error = failed.error.as_deref().unwrap();
        assert!(error.contains("terminating connection due to administrator command"), "{error}");
        assert!(failed.began <= stopped + Duration::from_secs(1), "{error}");
    }
    assert!(record.failed().len() <= 16, "{}", told(&record.failed()));
}
