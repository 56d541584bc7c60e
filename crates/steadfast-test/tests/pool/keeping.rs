//! The keeper: recycles, retires, refills, keeps alive, and falls silent.

use steadfast::pool::Pool;
use steadfast::verdict::Class;
use steadfast_test::sim::{Answer, SimServer};

use super::{ms, pass, pool, pool_with, s, take};

#[tokio::test(start_paused = true)]
async fn idle_connections_are_recycled_in_the_background_and_never_late() {
    let (pool, server) = pool_with(|options| {
        options.size = 4;
        options.idle_timeout = None;
    });
    drop(take(&pool, 4).await);
    pass(s(215)).await;
    assert_eq!(server.open(), 4, "jitter takes a tenth at most");
    pass(s(26)).await;
    assert_eq!((server.open(), server.said_goodbye()), (0, 4));
    assert_eq!(server.pings(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_in_use_is_recycled_on_return() {
    let (pool, server) = pool_with(|options| options.recycle = Some(s(10)));
    let lease = pool.acquire().await.unwrap();
    pass(s(20)).await;
    assert_eq!(server.open(), 1);
    drop(lease);
    pass(ms(100)).await;
    assert_eq!(server.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn recycling_is_spread_out() {
    let (pool, server) = pool_with(|options| {
        options.size = 20;
        options.idle_timeout = None;
    });
    drop(take(&pool, 20).await);
    pass(s(228)).await;
    let left = server.open();
    assert!(left > 0 && left < 20, "{left} of 20 left in the middle of the spread");
}

#[tokio::test(start_paused = true)]
async fn unused_connections_are_retired_down_to_min_idle() {
    let (pool, server) = pool_with(|options| {
        options.size = 5;
        options.min_idle = 2;
        options.recycle = None;
    });
    drop(take(&pool, 5).await);
    pass(s(119)).await;
    assert_eq!(server.open(), 5);
    pass(s(3)).await;
    assert_eq!(server.open(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_pool_refills_to_min_idle() {
    let (pool, server) = pool_with(|options| options.min_idle = 3);
    pass(s(1)).await;
    assert_eq!((server.open(), pool.status().idle), (3, 3));
    server.end_all();
    pass(s(1)).await;
    assert_eq!((server.open(), pool.status().idle), (3, 3));
    pass(s(600)).await;
    assert_eq!(server.open(), 3, "recycled ones are replaced");
}

#[tokio::test(start_paused = true)]
async fn without_traffic_the_pool_falls_silent() {
    let (pool, server) = pool_with(|_| {});
    drop(take(&pool, 3).await);
    pass(s(3600)).await;
    assert_eq!((server.open(), server.opened(), server.pings()), (0, 3, 0));
    drop(pool);
}

#[tokio::test(start_paused = true)]
async fn keepalive_pings_go_out_when_asked_for() {
    let (pool, server) = pool_with(|options| {
        options.keepalive_ping = Some(s(30));
        options.recycle = None;
        options.min_idle = 1;
    });
    pass(s(301)).await;
    assert!((9..=10).contains(&server.pings()), "{} pings in 300 s", server.pings());
    drop(pool);
}

#[tokio::test(start_paused = true)]
async fn warming_up_opens_what_was_asked_for() {
    let (pool, server) = pool_with(|_| {});
    pool.warm_up(4, tokio::time::Instant::now() + s(1)).await.unwrap();
    assert_eq!((server.open(), pool.status().idle), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_that_ends_is_noticed_without_anybody_asking() {
    let (pool, server) = pool_with(|_| {});
    drop(take(&pool, 3).await);
    server.end_all();
    pass(ms(10)).await;
    assert_eq!((server.open(), pool.status().idle), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn warming_up_takes_no_connection_from_anybody() {
    let (pool, server) = pool(3, 0);
    drop(pool.acquire().await.unwrap());
    server.on_connect(Answer::Never);
    let warming = tokio::spawn({
        let pool = pool.clone();
        async move { pool.warm_up(3, tokio::time::Instant::now() + s(3)).await }
    });
    pass(ms(10)).await;
    for _ in 0..100 {
        let soon = tokio::time::timeout(ms(10), pool.acquire()).await;
        drop(soon.expect("the connection is idle").unwrap());
        pass(ms(20)).await;
    }
    let error = warming.await.unwrap().unwrap_err();
    assert_eq!(error.failure, steadfast::error::AcquireFailure::TimedOut);
    assert_eq!(pool.status().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn warming_up_goes_on_through_an_outage_and_ends_with_a_permanent_fault() {
    let (pool, server) = pool(3, 0);
    server.on_connect(Answer::Fail(Class::Unreachable, ms(5)));
    let begin = |pool: &Pool<SimServer>| {
        let pool = pool.clone();
        tokio::spawn(async move { pool.warm_up(3, tokio::time::Instant::now() + s(30)).await })
    };
    let warming = begin(&pool);
    pass(s(5)).await;
    server.on_connect(Answer::After(ms(5)));
    warming.await.unwrap().unwrap();
    assert_eq!(pool.status().idle, 3);
    pool.dispose();
    server.on_connect(Answer::Fail(Class::Permanent, ms(5)));
    let error = begin(&pool).await.unwrap().unwrap_err();
    assert_eq!(error.failure, steadfast::error::AcquireFailure::Permanent);
    assert!(error.last_connect().is_some());
    let warming = begin(&pool);
    assert!(pool.close(tokio::time::Instant::now()).await <= 3);
    assert_eq!(warming.await.unwrap().unwrap_err().failure, steadfast::error::AcquireFailure::Closed);
}
