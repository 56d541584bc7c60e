//! Rules 3 and 4: dropping any future at any await loses nothing, and a cancelled caller does not cancel the
//! connect.

use std::task::Poll;

use futures_util::{FutureExt as _, poll};
use steadfast_test::sim::Answer;

use super::{ms, pass, pool, s, take};

#[tokio::test(start_paused = true)]
async fn rule_3_ten_thousand_cancelled_acquires_lose_nothing() {
    let (pool, server) = pool(3, 2);
    for round in 0..10_000_u64 {
        let _outcome = tokio::time::timeout(ms(round % 5), pool.acquire()).await;
    }
    pass(s(1)).await;
    let status = pool.status();
    assert_eq!((status.leased, status.waiting, status.opening), (0, 0, 0), "{status:?}");
    assert_eq!(take(&pool, 5).await.len(), 5);
    assert!(server.most_open() <= 5);
}

#[tokio::test(start_paused = true)]
async fn rule_3_a_dropped_waiter_passes_its_grant_on() {
    let (pool, _server) = pool(1, 0);
    let lease = pool.acquire().await.unwrap();
    let mut first = Box::pin(pool.acquire());
    let mut second = Box::pin(pool.acquire());
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    drop(lease);
    // The grant is the first one's now, which goes away without ever having looked.
    drop(first);
    assert!(matches!(poll!(&mut second), Poll::Ready(Ok(_))));
}

#[tokio::test(start_paused = true)]
async fn rule_3_a_waiter_that_leaves_from_the_middle_strands_nobody() {
    let (pool, _server) = pool(1, 0);
    let lease = pool.acquire().await.unwrap();
    let mut waiters: Vec<_> = (0..5).map(|_| Box::pin(pool.acquire())).collect();
    for waiter in &mut waiters {
        assert!(waiter.as_mut().now_or_never().is_none());
    }
    drop(waiters.remove(2));
    drop(waiters.remove(0));
    drop(lease);
    for waiter in waiters {
        drop(waiter.await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn rule_4_a_cancelled_caller_does_not_cancel_the_connect() {
    let (pool, server) = pool(1, 0);
    server.on_connect(Answer::After(ms(100)));
    assert!(tokio::time::timeout(ms(10), pool.acquire()).await.is_err());
    pass(ms(200)).await;
    assert_eq!((server.opened(), pool.status().idle), (1, 1));
    assert!(pool.try_acquire().is_some());
}

#[tokio::test(start_paused = true)]
async fn rule_4_what_a_cancelled_caller_had_opened_serves_the_next_waiter() {
    let (pool, server) = pool(1, 0);
    server.on_connect(Answer::After(ms(100)));
    assert!(tokio::time::timeout(ms(10), pool.acquire()).await.is_err());
    let started = tokio::time::Instant::now();
    let _lease = pool.acquire().await.unwrap();
    assert!(started.elapsed() <= ms(95));
    assert_eq!(server.opened(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_panics_costs_no_slot() {
    let (pool, server) = pool(1, 0);
    server.on_connect(Answer::Panic);
    assert!(tokio::time::timeout(s(1), pool.acquire()).await.is_err());
    server.on_connect(Answer::After(ms(1)));
    drop(tokio::time::timeout(s(1), pool.acquire()).await.unwrap().unwrap());
    server.on_ping(Answer::Panic);
    pass(s(2)).await;
    let _lease = tokio::time::timeout(s(1), pool.acquire()).await.unwrap().unwrap();
    assert_eq!(server.opened(), 2);
}
