//! A worker is killed, as the kernel does when memory runs out.

use std::time::Duration;

use super::support::{
    all_ready, assert_listener_never_closed, kill, print_row, replacement, two_workers, workers,
};
use crate::support::client::create;
use crate::support::locker::{Locker, waiting_as};
use crate::support::{Load, SOON, ledger};
use steadfast_test::eventually;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// One kill after the other, each of them under load.
const KILLS: usize = 4;

#[tokio::test]
async fn a_killed_worker_costs_the_requests_that_it_had_and_no_others() {
    let (postgres, service) = two_workers(&[]).await;
    let starting = service.started.elapsed();
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(1)).await;
    let (mut kills, mut slowest) = (Vec::new(), Duration::ZERO);
    for which in 0..KILLS {
        let all = all_ready(service.client, 2).await;
        let newest = all.iter().map(|worker| worker.incarnation).max().unwrap();
        let before = load.now();
        kill(&all[which % 2]).await;
        kills.push((before, load.now()));
        replacement(&service, newest).await;
        slowest = (load.now() - before).max(slowest);
        load.goes_on_for(Duration::from_millis(500)).await;
    }
    let record = load.stop().await;
    print_row(&format!("worker killed -9, {KILLS} times"), &record, Some(slowest));
    assert_listener_never_closed(&record);
    for shot in record.failures() {
        let was_in_flight = kills.iter().any(|(before, after)| shot.began <= *after && shot.ended >= *before);
        assert!(was_in_flight, "killed at {kills:?}: {shot:?}");
    }
    // Half a second is the bar, on a machine on which workers that nobody has killed take no longer for it.
    assert!(slowest < Duration::from_millis(500) + 2 * starting, "{slowest:?}, and {starting:?} to start");
    ledger::check(&postgres, &record).await;
}

#[tokio::test]
async fn the_sessions_of_a_killed_worker_are_ended_whatever_they_run() {
    let (postgres, service) = two_workers(&[]).await;
    let locker = Locker::take(&postgres).await;
    let mut streams = Vec::new();
    for number in 0..12 {
        let mut stream = TcpStream::connect(service.client.address).await.unwrap();
        stream.write_all(&create(&format!("stuck-{number}"))).await.unwrap();
        streams.push(stream);
    }
    let waiting = async |tag: &str| waiting_as(&postgres, tag).await;
    let all = workers(service.client).await;
    let mut counts = [0, 0];
    eventually("all requests wait in the server", SOON, async || {
        counts = [waiting(&all[0].tag).await, waiting(&all[1].tag).await];
        counts[0] + counts[1] == 12
    })
    .await;
    let (victim, other) = if counts[0] >= counts[1] { (0, 1) } else { (1, 0) };
    let killed = Instant::now();
    kill(&all[victim]).await;
    eventually("its sessions are gone while the lock is still held", SOON, async || {
        postgres.backends(&all[victim].tag).await.total == 0
    })
    .await;
    // Five seconds are the bar. Without anybody who ends them they stay for as long as the lock is held.
    let took = killed.elapsed();
    println!("measured: the {} sessions of a killed worker were gone after {took:?}", counts[victim]);
    assert_eq!(waiting(&all[other].tag).await, counts[other], "nobody else's were touched");
    locker.release().await;
    let stored = async || postgres.psql("SELECT count(*) FROM users WHERE username LIKE 'stuck-%'").await;
    eventually("the other worker's requests are done", SOON, async || {
        stored().await == counts[other].to_string()
    })
    .await;
}
