//! A worker is stopped (SIGSTOP): it keeps its connections and says nothing.

use std::sync::Arc;
use std::time::Duration;

use super::support::{assert_listener_never_closed, print_row, replacement, signal, two_workers, workers};
use crate::support::client::create;
use crate::support::locker::Locker;
use crate::support::{Load, SOON};
use steadfast_test::{Signal, eventually};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_stopped_worker_is_warned_of_aborted_with_a_dump_and_replaced() {
    let (postgres, service) = two_workers(&[("STEADFAST_WORKER_TIMEOUT", "4")]).await;
    let all = workers(service.client).await;
    let locker = Locker::take(&Arc::clone(&postgres)).await;
    let mut streams = Vec::new();
    for number in 0..6 {
        let mut stream = TcpStream::connect(service.client.address).await.unwrap();
        stream.write_all(&create(&format!("held-{number}"))).await.unwrap();
        streams.push(stream);
    }
    // One of the two has at least one of them.
    let mut victim = None;
    eventually("a worker waits in the server", SOON, async || {
        for worker in &all {
            if postgres.backends(&worker.tag).await.active > 0 {
                victim = Some(worker.clone());
            }
        }
        victim.is_some()
    })
    .await;
    let victim = victim.unwrap();
    signal(&victim, Signal::STOP);
    service.process.wait_for_line("a worker makes no progress", SOON).await;
    service.process.wait_for_line("a worker is stuck; SIGABRT", SOON).await;
    let dump = service.process.wait_for_line("requests in flight", SOON).await;
    assert!(dump.contains("POST /api/v1/users"), "{dump}");
    replacement(&service, 2).await;
    eventually("its sessions are gone", SOON, async || postgres.backends(&victim.tag).await.total == 0).await;
    locker.release().await;
}

#[tokio::test]
async fn a_stopped_worker_keeps_nobody_from_the_others() {
    let (_postgres, service) = two_workers(&[("STEADFAST_WORKER_TIMEOUT", "3")]).await;
    let victim = workers(service.client).await.remove(0);
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(1)).await;
    signal(&victim, Signal::STOP);
    let stopped = load.now();
    let replaced = replacement(&service, 2).await;
    let over = load.now();
    load.goes_on_for(Duration::from_secs(1)).await;
    let record = load.stop().await;
    print_row("worker stopped, timeout 3 s", &record, Some(replaced));
    assert_listener_never_closed(&record);
    // It may have taken one more from the kernel in the moment in which it was stopped, and in the one in which it is woken
    // to be aborted: a stopped process gets no other signal than SIGCONT, and runs on with all of its threads.
    let revived = stopped + Duration::from_millis(2500)..over;
    for shot in record.failures() {
        let taken_by_the_victim =
            shot.began <= stopped + Duration::from_millis(100) || revived.contains(&shot.began);
        assert!(taken_by_the_victim, "stopped at {stopped:?}: {shot:?}");
    }
    assert!(record.failures().len() <= 2, "one at each of the two moments");
}
