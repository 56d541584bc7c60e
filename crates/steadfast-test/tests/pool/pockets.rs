//! Fear: a connection that waits in its thread for the next caller is one that the pool forgets. Whoever looks, waits, or
//! changes something finds it as if it had come back all the way.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::poll;
use steadfast::Fault;
use steadfast::config::PrePing;
use steadfast::error::AcquireFailure;
use steadfast::pool::{Pool, SlotStage};
use steadfast::time::Instant;
use steadfast::verdict::{Class, Step};
use steadfast_test::sim::SimServer;

use super::{ms, pass, pool, pool_with, s, take};

/// Uses the pool until connections stay in their threads, and leaves one there.
async fn keep_one(pool: &Pool<SimServer>) {
    for _ in 0..3 {
        drop(pool.acquire().await.unwrap());
        pass(ms(60)).await;
    }
    drop(pool.acquire().now_or_never().expect("at once").unwrap());
}

#[tokio::test(start_paused = true)]
async fn it_counts_as_idle() {
    let (pool, _server) = pool(2, 0);
    keep_one(&pool).await;
    let status = pool.status();
    assert_eq!((status.idle, status.leased, status.total()), (1, 0, 1), "{status:?}");
    keep_one(&pool).await;
    assert_eq!(pool.slots()[0].stage, SlotStage::Idle);
}

#[tokio::test(start_paused = true)]
async fn another_task_gets_it_at_once_and_no_other_is_opened() {
    let (pool, server) = pool(2, 0);
    keep_one(&pool).await;
    let other = pool.clone();
    let lease = tokio::spawn(async move { other.acquire().now_or_never().expect("at once").unwrap() });
    drop(lease.await.unwrap());
    assert!(pool.try_acquire().is_some());
    assert_eq!(server.opened(), 1);
}

#[tokio::test(start_paused = true)]
async fn rule_2_it_goes_to_whoever_waits_and_to_no_passer_by() {
    let (pool, _server) = pool(1, 0);
    keep_one(&pool).await;
    let lease = pool.acquire().await.unwrap();
    let mut waiter = Box::pin(pool.acquire());
    assert!(poll!(&mut waiter).is_pending());
    drop(lease);
    assert!(pool.try_acquire().is_none());
    let mut passer_by = Box::pin(pool.acquire());
    assert!(poll!(&mut passer_by).is_pending());
    let lease = waiter.now_or_never().expect("its turn").unwrap();
    pass(ms(200)).await;
    drop(lease);
    drop(passer_by.now_or_never().expect("its turn").unwrap());
}

#[tokio::test(start_paused = true)]
async fn rule_6_what_is_disposed_of_serves_nobody() {
    let (pool, server) = pool(1, 0);
    keep_one(&pool).await;
    pool.dispose();
    pass(ms(20)).await;
    assert_eq!((server.open(), server.said_goodbye()), (0, 1));

    keep_one(&pool).await;
    let lease = pool.acquire().await.unwrap();
    pool.dispose();
    // The pockets are open again when it comes back.
    pass(ms(200)).await;
    drop(lease);
    pass(ms(20)).await;
    assert_eq!((server.open(), server.said_goodbye()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn rule_6_what_is_suspect_is_verified_first() {
    let (pool, server) = pool(1, 0);
    keep_one(&pool).await;
    pool.suspect(&Fault::new(Class::ConnectionLost, Step::Statement, "seen elsewhere"));
    drop(pool.acquire().await.unwrap());
    assert_eq!((server.pings(), server.opened()), (1, 1));

    keep_one(&pool).await;
    let lease = pool.acquire().await.unwrap();
    pool.suspect(&Fault::new(Class::ConnectionLost, Step::Statement, "seen elsewhere"));
    pass(ms(200)).await;
    drop(lease);
    drop(pool.acquire().await.unwrap());
    assert_eq!((server.pings(), server.opened()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn rule_6_what_was_granted_before_an_incident_is_verified_after_its_return() {
    let (pool, server) = pool(1, 0);
    let lease = pool.acquire().await.unwrap();
    let mut waiter = Box::pin(pool.acquire());
    assert!(poll!(&mut waiter).is_pending());
    drop(lease);
    pool.suspect(&Fault::new(Class::ConnectionLost, Step::Statement, "seen elsewhere"));
    // The waiter has not looked yet, and the pockets are open again.
    pass(ms(200)).await;
    drop(waiter.now_or_never().expect("granted").unwrap());
    drop(pool.acquire().await.unwrap());
    assert_eq!((server.pings(), server.opened()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_ends_there_is_noticed() {
    let (pool, server) = pool(1, 0);
    keep_one(&pool).await;
    server.end_all();
    pass(ms(1)).await;
    assert_eq!(server.open(), 0);
    drop(pool.acquire().await.unwrap());
    assert_eq!(server.opened(), 2);
}

#[tokio::test(start_paused = true)]
async fn rule_8_what_comes_back_dirty_is_cleaned_first() {
    let (pool, server) = pool(1, 0);
    keep_one(&pool).await;
    let lease = pool.acquire().await.unwrap();
    lease.soil();
    drop(lease);
    let lease = pool.acquire().await.unwrap();
    assert!(!lease.is_dirty());
    assert_eq!(server.cleans(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_its_caller_condemns_or_discards_is_closed() {
    let (pool, server) = pool(1, 0);
    keep_one(&pool).await;
    let mut lease = pool.acquire().await.unwrap();
    lease.condemn(Fault::new(Class::ConnectionLost, Step::Statement, "of no use"));
    drop(lease);
    assert_eq!((server.open(), pool.status().total()), (0, 0));

    keep_one(&pool).await;
    pool.acquire().await.unwrap().discard();
    pass(ms(20)).await;
    assert_eq!((server.open(), server.opened()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_made_smaller_or_closed_or_dropped_finds_it() {
    let (pool, server) = pool(2, 0);
    drop(take(&pool, 2).await);
    keep_one(&pool).await;
    pool.resize(1, 0).unwrap();
    pass(s(1)).await;
    assert_eq!(server.open(), 1);

    keep_one(&pool).await;
    assert_eq!(pool.close(Instant::now() + s(1)).await, 0);
    assert_eq!(server.open(), 0);
    assert_eq!(pool.acquire().await.unwrap_err().failure, AcquireFailure::Closed);

    let (pool, server) = super::pool(2, 0);
    keep_one(&pool).await;
    drop(pool);
    assert_eq!(server.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn however_often_it_goes_out_and_comes_back_it_is_recycled_in_time() {
    let recycle = s(10);
    let (pool, server) = pool_with(|options| options.recycle = Some(recycle));
    for _ in 0..3000 {
        let lease = pool.acquire().await.unwrap();
        assert!(lease.opened_at().elapsed() <= recycle);
        drop(lease);
        pass(ms(9)).await;
    }
    assert!((2..=4).contains(&server.opened()), "{} opened in 27 s", server.opened());
}

#[tokio::test(start_paused = true)]
async fn what_is_verified_each_time_is_so_here() {
    let (pool, server) = pool_with(|options| options.pre_ping = PrePing::Always);
    drop(pool.acquire().await.unwrap());
    for pings in 1..20 {
        pass(ms(20)).await;
        drop(pool.acquire().await.unwrap());
        assert_eq!(server.pings(), pings);
    }
    // By default only what has lain for a second.
    let (pool, server) = super::pool(1, 0);
    keep_one(&pool).await;
    assert_eq!(server.pings(), 0);
    pass(ms(1100)).await;
    drop(pool.acquire().await.unwrap());
    assert_eq!(server.pings(), 1);
}

/// The one in the pocket was another task's.
#[tokio::test(start_paused = true)]
async fn rule_9_whoever_has_it_now_is_named() {
    let (pool, _server) = pool_with(|options| {
        (options.size, options.max_overflow, options.leak_tracking) = (1, 0, true);
    });
    keep_one(&pool).await;
    let holds = Arc::new(tokio::sync::Notify::new());
    let (held, other) = (Arc::clone(&holds), pool.clone());
    let holder = tokio::spawn(async move {
        let lease = other.acquire().now_or_never().expect("at once").unwrap();
        held.notify_one();
        pass(s(60)).await;
        drop(lease);
    });
    holds.notified().await;
    let error = pool.acquire().await.unwrap_err();
    let named: Vec<_> = error.holders.iter().map(|holder| holder.task).collect();
    assert_eq!((named, error.held_by_caller), (vec![Some(holder.id())], 0), "{error}");
    holder.await.unwrap();
}
