//! While connecting fails: one shared loop, sub-second recovery, and no storm.

use steadfast::verdict::Class;
use steadfast_test::sim::Answer;
use tokio::time::Instant;

use super::{ms, pass, pool, pool_with, s, take};

#[tokio::test(start_paused = true)]
async fn waiters_are_served_within_100_ms_after_an_outage_of_5_seconds() {
    let (pool, server) = pool(5, 10);
    server.on_connect(Answer::Fail(Class::Unreachable, ms(1)));
    let waiters: Vec<_> = (0..30)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let lease = pool.acquire().await.unwrap();
                let served = Instant::now();
                drop(lease);
                served
            })
        })
        .collect();
    pass(s(5)).await;
    server.on_connect(Answer::After(ms(1)));
    let back = Instant::now();
    for waiter in waiters {
        let late = waiter.await.unwrap() - back;
        assert!(late <= ms(160), "served {late:?} after the database was back");
    }
}

#[tokio::test(start_paused = true)]
async fn one_loop_probes_for_everybody() {
    let (pool, server) = pool(5, 10);
    server.on_connect(Answer::Fail(Class::Unavailable, ms(1)));
    let all = futures_util::future::join_all((0..100).map(|_| pool.acquire())).await;
    assert!(all.iter().all(Result::is_err));
    let steadfast::pool::Reachability::Unreachable { attempts, .. } = pool.status().reachability else {
        panic!("reachable")
    };
    assert!((50..400).contains(&attempts), "{attempts} tries in 30 s by 100 waiters");
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_nobody_minds_is_not_probed() {
    let (pool, server) = pool(5, 10);
    server.on_connect(Answer::Fail(Class::Unreachable, ms(1)));
    assert!(pool.acquire_until(Instant::now() + ms(50)).await.is_err());
    let attempts = |pool: &steadfast::pool::Pool<_>| {
        let steadfast::pool::Reachability::Unreachable { attempts, .. } = pool.status().reachability else {
            panic!("reachable")
        };
        attempts
    };
    pass(s(1)).await;
    let before = attempts(&pool);
    pass(s(600)).await;
    assert_eq!(attempts(&pool), before);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_comes_late_into_an_outage_does_not_wait_for_the_long_delay() {
    let (pool, server) = pool_with(|options| options.min_idle = 1);
    server.on_connect(Answer::Fail(Class::Unreachable, ms(1)));
    pass(s(1000)).await;
    server.on_connect(Answer::After(ms(1)));
    let started = Instant::now();
    drop(pool.acquire().await.unwrap());
    assert!(started.elapsed() <= ms(1100), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_restart_costs_nobody_anything() {
    let (pool, server) = pool(5, 0);
    drop(take(&pool, 5).await);
    server.on_connect(Answer::Fail(Class::Unavailable, ms(1)));
    server.end_all();
    let waiters: Vec<_> = (0..20)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.acquire().await.map(drop) })
        })
        .collect();
    pass(s(2)).await;
    server.on_connect(Answer::After(ms(1)));
    for waiter in waiters {
        waiter.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_connections_are_opened_a_few_at_a_time() {
    let (pool, server) = pool(20, 0);
    server.on_connect(Answer::Fail(Class::Unreachable, ms(1)));
    let holders: Vec<_> = (0..20)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let _lease = pool.acquire().await.unwrap();
                pass(s(10)).await;
            })
        })
        .collect();
    pass(s(1)).await;
    server.on_connect(Answer::After(ms(100)));
    pass(ms(190)).await;
    let opening = pool.status().opening;
    assert!(opening <= 2, "{opening} at once right after the first success");
    for holder in holders {
        holder.await.unwrap();
    }
    assert_eq!(server.most_open(), 20);
}

/// Found by the simulation (seed 404): the keeper spun when a retry was due but every slot was in use.
#[tokio::test(start_paused = true)]
async fn a_due_retry_without_room_for_it_does_not_spin() {
    let (pool, server) = pool(1, 1);
    let lease = pool.acquire().await.unwrap();
    server.on_connect(Answer::Fail(Class::Capacity, ms(1)));
    assert!(pool.acquire_until(Instant::now() + ms(10)).await.is_err());
    pool.resize(1, 0).unwrap();
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(drop) }
    });
    let spins = tokio::time::timeout(s(20), async {
        // Under paused time nothing passes while any task is busy.
        pass(s(10)).await;
    });
    spins.await.unwrap();
    drop(lease);
    waiter.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn connects_that_hang_do_not_keep_those_out_that_would_work() {
    for (size, overflow, bound) in [(1, 0, 4), (2, 0, 1), (5, 10, 1)] {
        let (pool, server) = pool(size, overflow);
        server.on_connect(Answer::Never);
        let waiters: Vec<_> = (0..30)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    drop(pool.acquire().await.unwrap());
                    Instant::now()
                })
            })
            .collect();
        pass(ms(3100)).await;
        // The path lets new connections through; those that were begun before hang on.
        server.on_connect(Answer::After(ms(1)));
        let open = Instant::now();
        for waiter in waiters {
            let late = waiter.await.unwrap() - open;
            assert!(late <= s(bound) + ms(200), "served {late:?} after the path was open, size {size}");
        }
        pass(s(15)).await;
        assert!(matches!(pool.status().reachability, steadfast::pool::Reachability::Reachable));
        assert_eq!(pool.status().opening, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_merely_slow_to_connect_to_is_given_the_time() {
    for (size, bound) in [(1, 12), (2, 5), (5, 5)] {
        let (pool, server) = pool(size, 0);
        server.on_connect(Answer::After(s(4)));
        let started = Instant::now();
        let waiters = (0..10).map(|_| async { drop(pool.acquire().await.unwrap()) });
        futures_util::future::join_all(waiters).await;
        assert!(started.elapsed() <= s(bound), "{:?} with {size}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_became_slow_is_given_the_time_also_for_the_last_slot() {
    let (pool, server) = pool(3, 0);
    let _in_use = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    server.on_connect(Answer::After(s(4)));
    let started = Instant::now();
    drop(pool.acquire().await.unwrap());
    assert!(started.elapsed() <= s(12), "{:?}", started.elapsed());
}
