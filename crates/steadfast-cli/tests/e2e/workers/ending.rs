//! Asked to end, all workers finish what they have.

use std::time::Duration;

use super::support::{print_row, two_workers, workers};
use crate::support::client::create;
use crate::support::locker::Locker;
use crate::support::{Load, SOON, ledger};
use steadfast_test::{Signal, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

async fn ends_under_load(signal: Signal, delay: &str) {
    let (postgres, service) = two_workers(&[("STEADFAST_DRAIN_DELAY", delay)]).await;
    let tags: Vec<_> = workers(service.client).await.into_iter().map(|worker| worker.tag).collect();
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(1)).await;
    service.process.signal(signal);
    let asked = Instant::now();
    if delay != "0" {
        let client = service.client;
        eventually("readiness says no, while clients are still let in", SOON, async || {
            let answer = client.get("/readyz").await;
            answer.status == 503 && answer.text.contains("shutting down")
        })
        .await;
    }
    let status = service.process.wait(SOON).await;
    let took = asked.elapsed();
    assert_eq!(status.code(), Some(0), "{status}");
    let record = load.stop().await;
    print_row(&format!("{signal:?}, drain delay {delay} s, ended after {took:?}"), &record, None);
    let unexpected: Vec<_> = record
        .failures()
        .into_iter()
        .filter(|shot| !shot.answer.as_ref().is_err_and(|error| error.starts_with("connect: ")))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    ledger::check(&postgres, &record).await;
    for tag in tags {
        eventually("they took leave of the server", SOON, async || postgres.backends(&tag).await.total == 0)
            .await;
    }
}

#[tokio::test]
async fn sigterm_under_load_fails_no_request_in_flight() {
    ends_under_load(Signal::TERM, "4").await;
}

#[tokio::test]
async fn sigint_under_load_fails_no_request_in_flight() {
    ends_under_load(Signal::INT, "0").await;
}

#[tokio::test]
async fn sigquit_under_load_fails_no_request_in_flight() {
    ends_under_load(Signal::QUIT, "0").await;
}

#[tokio::test]
async fn a_signal_to_the_whole_group_counts_once_and_a_second_one_hurries() {
    let (postgres, service) = two_workers(&[]).await;
    let locker = Locker::take(&postgres).await;
    let mut stream = TcpStream::connect(service.client.address).await.unwrap();
    stream.write_all(&create("long")).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity \
        WHERE application_name LIKE 'steadfast/%' AND wait_event_type = 'Lock'";
    eventually("it is under way", SOON, async || postgres.psql(waiting).await == "1").await;
    // As Ctrl-C on a terminal: the master and each worker get it.
    service.process.signal_group(Signal::INT);
    service.process.wait_for_line("finishing what is in flight", SOON).await;
    eventually("nobody is let in", SOON, async || TcpStream::connect(service.client.address).await.is_err())
        .await;
    let still = tokio::time::timeout(Duration::from_millis(500), stream.read_u8()).await;
    assert!(still.is_err(), "the request in flight is not dropped: {still:?}");
    assert!(service.process.is_running());

    service.process.signal_group(Signal::INT);
    let asked = Instant::now();
    assert_eq!(service.process.wait(SOON).await.code(), Some(0));
    println!("measured: the second signal ended it after {:?}", asked.elapsed());
    assert!(asked.elapsed() < SOON, "not the 25 s of a drain");
    locker.release().await;
    assert_eq!(postgres.psql("SELECT count(*) FROM users WHERE username = 'long'").await, "0");
}
