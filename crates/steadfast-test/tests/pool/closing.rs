//! The end of a pool.

use steadfast::error::AcquireFailure;
use steadfast_test::sim::Answer;
use tokio::time::Instant;

use super::{ms, pass, pool, s, take};

#[tokio::test(start_paused = true)]
async fn closing_says_goodbye_to_idle_ones_and_waits_for_leased_ones() {
    let (pool, server) = pool(3, 0);
    let mut leases = take(&pool, 3).await;
    drop(leases.pop());
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close(Instant::now() + s(10)).await }
    });
    pass(ms(100)).await;
    assert!(!closing.is_finished());
    leases.clear();
    assert_eq!(closing.await.unwrap(), 0);
    assert_eq!((server.open(), server.said_goodbye()), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn closing_tells_waiters_at_once_and_refuses_newcomers() {
    let (pool, _server) = pool(1, 0);
    let lease = pool.acquire().await.unwrap();
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(drop) }
    });
    pass(ms(1)).await;
    assert_eq!(pool.close(Instant::now() + ms(10)).await, 1, "one is still out");
    let error = waiter.await.unwrap().unwrap_err();
    assert_eq!(error.failure, AcquireFailure::Closed);
    assert_eq!(pool.acquire().await.unwrap_err().failure, AcquireFailure::Closed);
    drop(lease);
    assert_eq!(pool.close(Instant::now() + s(1)).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_goodbye_does_not_hold_up_the_end() {
    let (pool, server) = pool(2, 0);
    server.on_close(Answer::Never);
    drop(take(&pool, 2).await);
    let started = Instant::now();
    assert_eq!(pool.close(started + s(10)).await, 0);
    assert!(started.elapsed() <= s(2));
    assert_eq!(server.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_pool_drops_its_connections() {
    let (pool, server) = pool(2, 0);
    let lease = take(&pool, 2).await.pop();
    drop(pool);
    pass(s(1)).await;
    assert_eq!(server.open(), 2, "the lease keeps what it came from");
    drop(lease);
    pass(s(1)).await;
    assert_eq!(server.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_being_opened_when_the_pool_closes_is_closed() {
    let (pool, server) = pool(1, 0);
    server.on_connect(Answer::After(s(1)));
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.is_err() }
    });
    pass(ms(10)).await;
    assert_eq!(pool.close(Instant::now() + s(5)).await, 0);
    assert!(waiter.await.unwrap());
    assert_eq!(server.open(), 0);
}
