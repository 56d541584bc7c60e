//! Fear: a connection from before the incident is still there after it.

use std::time::Duration;

use steadfast::event::{CloseCause, Event};
use steadfast_test::eventually;

use crate::support::*;

#[tokio::test]
async fn dispose_closes_idle_ones_at_once_and_leased_ones_on_return() {
    let server = server().await;
    let (pool, events) = pool_with(&server.url(), "disposed", |options| options.size = 3);
    let mut leases = take(&pool, 3).await;
    let all: Vec<u32> = leases.iter().map(backend).collect();
    let kept = leases.pop().unwrap();
    let kept_pid = backend(&kept);
    drop(leases);
    pool.dispose();
    eventually("the idle ones are closed", SOON, async || {
        server.backends("disposed").await.pids == [kept_pid]
    })
    .await;
    let mut kept = kept;
    assert_eq!(text(&mut kept, "SELECT 'goes on'").await, "goes on");
    let fresh = take(&pool, 2).await;
    assert!(fresh.iter().all(|lease| !all.contains(&backend(lease))));
    assert!(pool.status().total() <= 3, "the cap counts every generation");
    drop(kept);
    eventually("it is closed on return", SOON, async || {
        !server.backends("disposed").await.pids.contains(&kept_pid)
    })
    .await;
    assert!(events.any(|event| matches!(event, Event::Closed { cause: CloseCause::Disposed, .. })));
    assert!(!all.contains(&backend(&pool.acquire().await.unwrap())));
}

#[tokio::test]
async fn disposing_while_others_work_never_exceeds_the_cap_and_fails_nobody() {
    let server = server().await;
    let pool = pool(&server.url(), "disposed at work", 4);
    let mut workers = Vec::new();
    for _ in 0..8 {
        let pool = pool.clone();
        workers.push(tokio::spawn(async move {
            for _ in 0..200 {
                let mut lease = pool.acquire().await.unwrap();
                assert_eq!(text(&mut lease, "SELECT 'fine'").await, "fine");
            }
        }));
    }
    // Often, and yet with time in between to open a connection on a busy machine.
    while !workers.iter().all(tokio::task::JoinHandle::is_finished) {
        pool.dispose();
        for _ in 0..20 {
            assert!(pool.status().total() <= 4, "{:?}", pool.status());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    for worker in workers {
        worker.await.unwrap();
    }
}

#[tokio::test]
async fn closing_the_pool_leaves_no_backend() {
    let server = server().await;
    let pool = pool(&server.url(), "closed", 3);
    let mut leases = take(&pool, 3).await;
    leases.truncate(1);
    let closing = pool.clone();
    let close = tokio::spawn(async move { closing.close(tokio::time::Instant::now() + SOON).await });
    eventually("only the leased one is left", SOON, async || server.backends("closed").await.total == 1)
        .await;
    pool.acquire().await.unwrap_err();
    leases.clear();
    assert_eq!(close.await.unwrap(), 0);
    eventually("none is left", SOON, async || server.backends("closed").await.total == 0).await;
}
