//! The master is killed.

use std::net::TcpListener;
use std::time::Duration;

use super::support::{is_there, print_row, stop, two_workers, workers};
use crate::support::{Load, SOON, ledger};
use steadfast_test::{Signal, eventually};
use tokio::time::Instant;

#[tokio::test]
async fn workers_without_a_master_drain_and_leave_the_port() {
    let (postgres, service) = two_workers(&[]).await;
    let all = workers(service.client).await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(1)).await;
    service.process.signal(Signal::KILL);
    let killed = Instant::now();
    eventually("all workers have ended", SOON, async || all.iter().all(|worker| !is_there(worker.pid))).await;
    let took = killed.elapsed();
    let record = load.stop().await;
    print_row(&format!("master killed -9, workers gone after {took:?}"), &record, None);
    let unexpected: Vec<_> = record
        .failures()
        .into_iter()
        .filter(|shot| !shot.answer.as_ref().is_err_and(|error| error.starts_with("connect: ")))
        .collect();
    assert!(unexpected.is_empty(), "what was in flight was finished: {unexpected:#?}");
    ledger::check(&postgres, &record).await;
    TcpListener::bind(service.client.address).expect("nothing keeps the port");
}

/// A stopped process cannot see that its master has gone.
#[tokio::test]
async fn stopped_workers_without_a_master_go_on_and_leave_the_port() {
    let (_postgres, service) = two_workers(&[]).await;
    let all = workers(service.client).await;
    for worker in &all {
        stop(worker).await;
    }
    service.process.signal(Signal::KILL);
    let killed = Instant::now();
    eventually("all workers have ended", SOON, async || all.iter().all(|worker| !is_there(worker.pid))).await;
    println!("measured: stopped workers whose master was killed -9 were gone after {:?}", killed.elapsed());
    TcpListener::bind(service.client.address).expect("nothing keeps the port");
}
