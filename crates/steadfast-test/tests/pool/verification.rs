//! Verification: only what is in doubt is pinged, a ping has a deadline of its own, and nobody waits for a slow one.

use steadfast::config::PrePing;
use steadfast_test::sim::Answer;
use tokio::time::Instant;

use super::{ms, pass, pool, pool_with, s, take};

#[tokio::test(start_paused = true)]
async fn a_busy_connection_is_not_pinged() {
    let (pool, server) = pool(1, 0);
    for _ in 0..1000 {
        drop(pool.acquire().await.unwrap());
        pass(ms(7)).await;
    }
    assert_eq!(server.pings(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_pinged_once_before_use() {
    let (pool, server) = pool(1, 0);
    drop(pool.acquire().await.unwrap());
    pass(s(2)).await;
    drop(pool.acquire().await.unwrap());
    drop(pool.acquire().await.unwrap());
    assert_eq!((server.pings(), server.opened()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_policies_are_kept() {
    for (policy, pause, pings) in [
        (PrePing::Always, ms(1), 3),
        (PrePing::Never, s(100), 0),
        (PrePing::AfterIdle(s(10)), s(9), 0),
        (PrePing::AfterIdle(s(10)), s(11), 3),
    ] {
        let (pool, server) = pool_with(|options| options.pre_ping = policy);
        drop(pool.acquire().await.unwrap());
        for _ in 0..3 {
            pass(pause).await;
            drop(pool.acquire().await.unwrap());
        }
        assert_eq!(server.pings(), pings, "{policy:?} with a pause of {pause:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_held_for_long_without_use_is_in_doubt() {
    let (pool, server) = pool(1, 0);
    let lease = pool.acquire().await.unwrap();
    pass(s(5)).await;
    drop(lease);
    drop(pool.acquire().await.unwrap());
    assert_eq!(server.pings(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_silent_path_costs_a_caller_a_fraction_of_the_ping_deadline() {
    let (pool, server) = pool(5, 0);
    drop(take(&pool, 5).await);
    pass(s(5)).await;
    server.on_ping(Answer::Never);
    let started = Instant::now();
    drop(pool.acquire().await.unwrap());
    assert!(started.elapsed() <= ms(1100), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn with_room_for_another_a_slow_ping_is_overtaken() {
    let (pool, server) = pool(2, 0);
    drop(pool.acquire().await.unwrap());
    pass(s(5)).await;
    server.on_ping(Answer::After(ms(700)));
    let started = Instant::now();
    let lease = pool.acquire().await.unwrap();
    assert!(started.elapsed() <= ms(250), "{:?}", started.elapsed());
    assert_eq!(lease.id(), 2);
    pass(s(1)).await;
    assert_eq!(pool.status().idle, 1, "the slow one was good all the same");
}

#[tokio::test(start_paused = true)]
async fn a_ping_that_times_out_makes_its_like_suspect() {
    let (pool, server) = pool(3, 0);
    drop(take(&pool, 3).await);
    pass(s(5)).await;
    let before = pool.status().generation;
    server.on_ping(Answer::Never);
    drop(pool.acquire().await.unwrap());
    pass(s(2)).await;
    assert_eq!(pool.status().generation, before + 1);
    assert_eq!(server.open(), 1, "only the new one is left");
}

#[tokio::test(start_paused = true)]
async fn a_failed_ping_is_never_the_callers_error() {
    let (pool, server) = pool(1, 0);
    drop(pool.acquire().await.unwrap());
    pass(s(5)).await;
    server.on_ping(Answer::Fail(steadfast::verdict::Class::ConnectionLost, ms(1)));
    assert_eq!(pool.acquire().await.unwrap().id(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_granted_to_nobody_is_known_no_better_than_before() {
    let (pool, server) = pool_with(|options| (options.size, options.max_overflow) = (1, 0));
    let lease = pool.acquire().await.unwrap();
    let mut absent = Box::pin(pool.acquire());
    assert!(futures_util::poll!(&mut absent).is_pending());
    let next = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(drop) }
    });
    pass(ms(10)).await;
    drop(lease);
    // Granted, but its task does not get to run for ten seconds, and then it goes away.
    pass(s(10)).await;
    assert_eq!(server.pings(), 0);
    drop(absent);
    next.await.unwrap().unwrap();
    assert_eq!(server.pings(), 1, "the next got it unverified");
}
