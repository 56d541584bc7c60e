//! Rule 1: slots of all generations and states together never exceed size + max_overflow.

use steadfast_test::sim::Answer;

use super::{ms, pass, pool, pool_with, s, take};

#[tokio::test(start_paused = true)]
async fn rule_1_many_callers_open_no_more_than_the_capacity() {
    let (pool, server) = pool(2, 3);
    let callers = (0..50).map(|_| async {
        let lease = pool.acquire().await.unwrap();
        lease.hold();
        pass(ms(10)).await;
        lease.let_go();
    });
    futures_util::future::join_all(callers).await;
    assert_eq!(server.most_open(), 5);
}

#[tokio::test(start_paused = true)]
async fn rule_1_disposing_of_leased_connections_makes_no_room() {
    let (pool, server) = pool(2, 0);
    let leases = take(&pool, 2).await;
    pool.dispose();
    let waiting = tokio::time::timeout(s(1), pool.acquire()).await;
    assert!(waiting.is_err(), "a third connection was opened while two of an older generation were in use");
    drop(leases);
    let _lease = pool.acquire().await.unwrap();
    assert_eq!(server.most_open(), 2);
}

#[tokio::test(start_paused = true)]
async fn rule_1_a_connection_that_is_being_closed_still_counts() {
    let (pool, server) = pool(1, 0);
    server.on_close(Answer::After(ms(500)));
    pool.acquire().await.unwrap().discard();
    let started = tokio::time::Instant::now();
    let _lease = pool.acquire().await.unwrap();
    assert!(started.elapsed() >= ms(500));
    assert_eq!(server.most_open(), 1);
}

#[tokio::test(start_paused = true)]
async fn resizing_takes_effect_on_what_is_idle_and_on_what_comes_back() {
    let (pool, server) = pool(4, 0);
    let mut leases = take(&pool, 4).await;
    leases.truncate(2);
    pass(ms(10)).await;
    pool.resize(1, 0).unwrap();
    pass(ms(10)).await;
    assert_eq!(server.open(), 2, "the idle ones are gone");
    leases.clear();
    pass(ms(10)).await;
    assert_eq!(server.open(), 1);
    pool.resize(3, 0).unwrap();
    assert_eq!(take(&pool, 3).await.len(), 3);
    assert!(pool.resize(0, 0).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_pool_of_one_serves_everybody() {
    let (pool, server) = pool_with(|options| {
        options.size = 0;
        options.max_overflow = 1;
    });
    for _ in 0..100 {
        drop(pool.acquire().await.unwrap());
    }
    assert_eq!(server.opened(), 1);
}
