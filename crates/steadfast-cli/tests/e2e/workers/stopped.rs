//! A worker is stopped (SIGSTOP): it keeps its connections and says nothing.

use std::sync::Arc;
use std::time::Duration;

use super::support::{
    all_ready, assert_listener_never_closed, print_row, replacement, signal, stop, two_workers, workers,
};
use crate::support::client::{Answer, create};
use crate::support::locker::{Locker, waiting_as};
use crate::support::{Load, SOON};
use steadfast_test::{Signal, eventually};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

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
    eventually("a request waits in the server", SOON, async || {
        for worker in &all {
            if waiting_as(&postgres, &worker.tag).await > 0 {
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
    // The signal stops one thread, which stops the others when it gets a processor: until then they work.
    stop(&victim).await;
    let stopped = load.now();
    let replaced = replacement(&service, 2).await;
    load.goes_on_for(Duration::from_secs(1)).await;
    let record = load.stop().await;
    print_row("worker stopped, timeout 3 s", &record, Some(replaced));
    assert_listener_never_closed(&record);
    // It took nobody when it was woken to be aborted.
    for shot in record.failures() {
        assert!(shot.began <= stopped, "stopped at {stopped:?}: {shot:?}");
    }
}

/// They are woken to be aborted, with all their clients waiting: whoever of them takes one takes it into its grave.
#[tokio::test]
async fn whoever_comes_while_all_workers_are_stopped_is_served_by_their_replacements() {
    let (_postgres, service) = two_workers(&[("STEADFAST_WORKER_TIMEOUT", "2")]).await;
    let all = workers(service.client).await;
    for victim in &all {
        stop(victim).await;
    }
    let mut clients = JoinSet::new();
    for number in 0..40 {
        let client = service.client;
        clients.spawn(async move { client.exchange(&create(&format!("patient-{number}"))).await });
    }
    let answers = clients.join_all().await;
    // On a busy machine nobody may be ready yet when the replacements begin to take clients: that is told, too.
    let told = |answer: &Answer| matches!(answer.status, 201 | 503);
    let failed: Vec<_> = answers.iter().filter(|answer| !answer.as_ref().is_ok_and(told)).collect();
    assert!(failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), answers.len());
    let died = service.log().lines().filter(|line| line.contains("a worker has died")).count();
    assert_eq!(died, all.len(), "each of them was replaced");
}

/// Somebody who stops workers and lets them go on, before they are given up, has stopped them and nothing else.
#[tokio::test]
async fn workers_that_go_on_before_they_are_given_up_serve_as_before() {
    let (_postgres, service) = two_workers(&[("STEADFAST_WORKER_TIMEOUT", "12")]).await;
    let all = workers(service.client).await;
    for victim in &all {
        stop(victim).await;
    }
    let client = service.client;
    let mut waiting = JoinSet::new();
    waiting.spawn(async move { client.exchange(&create("patient")).await });
    service.process.wait_for_line("a worker makes no progress", SOON).await;
    all.iter().for_each(|victim| signal(victim, Signal::CONT));
    assert_eq!(waiting.join_next().await.unwrap().unwrap().unwrap().status, 201);
    service.process.wait_for_line("the worker makes progress again", SOON).await;
    assert_eq!(all_ready(client, 2).await, all, "nobody was replaced");
}
