//! Fear: an administrator, or a proxy on its behalf, ends all sessions at once.

use std::time::Duration;

use steadfast_test::Postgres;
use tokio::time::{Instant, sleep};

use crate::load::{Load, Record, Way, told};
use crate::report::{Row, ms};
use crate::scene::open;

const ROUNDS: usize = 10;

async fn run(way: Way) -> (Record, Vec<(Instant, Instant)>) {
    let server = Postgres::start().await;
    let (database, _events) = open(&server.url());
    let load = Load::start(&database, way);
    let mut ends = Vec::new();
    for _ in 0..ROUNDS {
        sleep(Duration::from_millis(250)).await;
        let began = Instant::now();
        server.terminate_all_backends().await;
        ends.push((began, Instant::now()));
    }
    sleep(Duration::from_millis(500)).await;
    (load.stop().await, ends)
}

pub(crate) async fn measure() -> Row {
    let (reads, _) = run(Way::Database).await;
    let (leases, _) = run(Way::Lease).await;
    Row {
        fault: "all backends terminated",
        bar: "0 failed reads; of bare leases the statements in flight, each with the FATAL's text",
        figures: vec![
            format!("reads: {} of {} failed in {ROUNDS} rounds", reads.failed().len(), reads.total()),
            format!("longest {}", ms(reads.longest())),
            format!("bare leases: {} of {} failed", leases.failed().len(), leases.total()),
        ],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_fails_when_all_backends_are_terminated() {
    let (record, _) = run(Way::Database).await;
    assert!(record.failed().is_empty(), "{}", told(&record.failed()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bare_lease_fails_only_in_flight_and_with_the_servers_last_words() {
    let (record, ends) = run(Way::Lease).await;
    for failed in record.failed() {
        let error = failed.error.as_deref().unwrap();
        assert!(error.contains("terminating connection due to administrator command"), "{error}");
        assert!(error.contains("57P01"), "{error}");
        // The server ends them soon after it was told to, on a busy machine not at once.
        let soon = Duration::from_secs(1);
        let in_flight =
            ends.iter().any(|(began, ended)| failed.ended >= *began && failed.began <= *ended + soon);
        assert!(in_flight, "{error}: nobody was ending sessions then");
    }
    assert!(record.failed().len() <= 16 * ROUNDS, "{}", told(&record.failed()));
}
