//! Asked to end, the service finishes what is in flight, and ends as a success.

use std::sync::Arc;
use std::time::Duration;

use crate::support::client::create;
use crate::support::locker::{Locker, waiting};
use crate::support::{Load, SOON, Service, ledger};
use steadfast_test::{Postgres, Signal, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// The word for a client that came when nobody listened any more: refused at once, it knows that nothing was done.
const TOO_LATE: &str = "connect: ";

async fn ends_under_load(signal: Signal, delay: &str) {
    let postgres = Postgres::start().await;
    let more = [("STEADFAST_DRAIN_DELAY", delay)];
    let service = Service::seeded(&postgres, &postgres.url(), &more).await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(1)).await;
    service.process.signal(signal);
    let asked = Instant::now();
    if delay != "0" {
        // While new connections are still accepted, readiness already says no.
        let client = service.client;
        eventually("readiness says no", SOON, async || {
            let answer = client.get("/readyz").await;
            answer.status == 503 && answer.text.contains("shutting down")
        })
        .await;
        assert_eq!(client.get("/livez").await.status, 200);
    }
    let status = service.process.wait(SOON).await;
    println!("measured: {signal:?} under load: ended after {:?}", asked.elapsed());
    assert_eq!(status.code(), Some(0), "{status}");
    let record = load.stop().await;
    record.print(&format!("{signal:?} with delay {delay} s"));
    let failures = record.failures();
    let unexpected: Vec<_> = failures
        .iter()
        .filter(|shot| !shot.answer.as_ref().is_err_and(|error| error.starts_with(TOO_LATE)))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    assert_eq!(record.unknown(), 0);
    ledger::check(&postgres, &record).await;
    eventually("the server is left in peace", SOON, async || postgres.backends("steadfast").await.total == 0)
        .await;
}

#[tokio::test]
async fn sigterm_under_load_fails_no_request_in_flight() {
    ends_under_load(Signal::TERM, "4").await;
}

#[tokio::test]
async fn sigint_under_load_fails_no_request_in_flight() {
    ends_under_load(Signal::INT, "0").await;
}

/// A request that waits for a lock, as long as the lock is held.
async fn with_a_long_request() -> (Arc<Postgres>, Service, Locker, TcpStream) {
    let postgres = Arc::new(Postgres::start().await);
    let service = Service::on(&postgres.url(), &[]).await;
    let locker = Locker::take(&postgres).await;
    let mut stream = TcpStream::connect(service.client.address).await.unwrap();
    stream.write_all(&create("long")).await.unwrap();
    eventually("the request is under way", SOON, async || waiting(&postgres).await == 1).await;
    service.process.signal(Signal::TERM);
    service.process.wait_for_line("finishing what is in flight", SOON).await;
    (postgres, service, locker, stream)
}

#[tokio::test]
async fn a_long_request_is_finished_before_the_end() {
    let (postgres, service, locker, mut stream) = with_a_long_request().await;
    assert!(TcpStream::connect(service.client.address).await.is_err(), "nobody else is let in");
    assert!(service.process.is_running());
    locker.release().await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(service.process.wait(SOON).await.code(), Some(0));
    assert_eq!(postgres.psql("SELECT username FROM users").await, "long");
}

#[tokio::test]
async fn a_second_signal_hurries() {
    let (postgres, service, locker, mut stream) = with_a_long_request().await;
    service.process.signal(Signal::TERM);
    let asked = Instant::now();
    assert_eq!(service.process.wait(SOON).await.code(), Some(0));
    let took = asked.elapsed();
    assert!(took < SOON, "it took {took:?}, not the 25 s of a drain");
    let mut answer = String::new();
    let _reset_or_closed = stream.read_to_string(&mut answer).await;
    assert_eq!(answer, "", "the request was dropped");
    eventually("its statement was ended as well", SOON, async || {
        postgres.backends("steadfast").await.total == 0
    })
    .await;
    locker.release().await;
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "0");
}
