//! Fear: the paths that exist swallow everything, and nobody is told; new ones would work.

use std::time::Duration;

use steadfast_test::{Postgres, Relay, eventually};
use tokio::time::{Instant, sleep};

use crate::load::{DEADLINE, Load, Record, Way, told};
use crate::report::{Row, ms};
use crate::scene::{SOON, open, pool};

const ROUNDS: u32 = 3;

async fn run(rounds: u32) -> (Record, Vec<Instant>, usize) {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let (database, _events) = open(&relay.url_from(&server));
    let load = Load::start(&database, Way::Database);
    let mut moments = Vec::new();
    let mut silenced = 0;
    for _ in 0..rounds {
        sleep(Duration::from_millis(1000)).await;
        silenced += relay.silence_existing();
        moments.push(Instant::now());
        sleep(Duration::from_millis(3000)).await;
    }
    (load.stop().await, moments, silenced)
}

/// All connections were idle for so long that the pool would ask before it lends one.
async fn idle_run() -> Duration {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let (database, _events) = open(&relay.url_from(&server));
    let leases: Vec<_> =
        futures_util::future::join_all((0..5).map(|_| pool(&database).acquire())).await.into_iter().collect();
    drop(leases);
    sleep(Duration::from_millis(1200)).await;
    assert_eq!(relay.silence_existing(), 5);
    let began = Instant::now();
    let leases = futures_util::future::join_all((0..5).map(|_| pool(&database).acquire())).await;
    assert!(leases.iter().all(Result::is_ok));
    began.elapsed()
}

/// All connections that there may be are in use when they go silent, so that none is left to ask the server with. How
/// long after that the last of their statements was answered.
async fn exhausted_run() -> Duration {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let (database, _events) = open(&format!("{}?application_name=all", relay.url_from(&server)));
    let reads = (0..15).map(|_| {
        let database = database.clone();
        tokio::spawn(async move {
            let deadline = Some(Instant::now() + SOON);
            database.query("SELECT 1 FROM pg_sleep(0.5)", &[], deadline).await.map(drop)
        })
    });
    let reads: Vec<_> = reads.collect();
    eventually("all are at it", SOON, async || server.backends("all").await.active == 15).await;
    assert_eq!(relay.silence_existing(), 15);
    let began = Instant::now();
    for read in reads {
        read.await.unwrap().unwrap();
    }
    began.elapsed()
}

pub(crate) async fn measure() -> Row {
    let (record, moments, silenced) = run(ROUNDS).await;
    // Up to the next round.
    let slow = moments.iter().map(|moment| record.slow_within(*moment, Duration::from_secs(3)));
    let slow = slow.max().unwrap_or_default();
    let rate = moments.iter().map(|moment| record.in_the_second_after(*moment + Duration::from_secs(2)));
    Row {
        fault: "existing paths go silent, new ones work",
        bar: "nobody waits longer than one ping deadline (1 s) twice; full rate within 2 s",
        figures: vec![
            format!(
                "{} of {} failed in {ROUNDS} rounds, {silenced} paths silenced",
                record.failed().len(),
                record.total()
            ),
            format!("longest wait {}", ms(record.longest())),
            format!("full rate after {}", ms(slow)),
            format!("{} of 200 in the second from 2 s on", rate.min().unwrap_or_default()),
            format!("five acquires of five idle connections {}", ms(idle_run().await)),
            format!(
                "15 statements of 0.5 s on all 15 connections answered {} after their paths went silent",
                ms(exhausted_run().await)
            ),
        ],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_silent_path_longer_than_two_ping_deadlines() {
    let (record, moments, _) = run(1).await;
    assert!(record.failed().is_empty(), "{}", told(&record.failed()));
    let slow = record.slow_within(moments[0], DEADLINE);
    assert!(slow < DEADLINE, "{slow:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acquire_of_silent_idle_connections_takes_less_than_two_ping_deadlines() {
    let took = idle_run().await;
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_on_every_connection_that_there_may_be_are_run_again_elsewhere() {
    let took = exhausted_run().await;
    assert!(took < Duration::from_secs(8), "{took:?}");
}
