//! Fear: a pool of an unusual size, or one whose size changes, loses count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steadfast::config::PoolOptions;
use steadfast::error::AcquireFailure;
use steadfast::pool::Pool;
use steadfast::postgres::PostgresConnector;
use steadfast::verdict::Class;
use steadfast_test::{Postgres, eventually};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::support::*;

/// Eight tasks that take leases until they are told to stop, or the pool is closed. Gives how often they got one.
fn load(pool: &Pool<PostgresConnector>) -> (Arc<AtomicBool>, Vec<JoinHandle<usize>>) {
    let stop = Arc::new(AtomicBool::new(false));
    let worker = |_| {
        let (pool, stop) = (pool.clone(), Arc::clone(&stop));
        tokio::spawn(async move {
            let mut done = 0;
            while !stop.load(Ordering::Relaxed) {
                match pool.acquire().await {
                    Ok(mut lease) => assert_eq!(text(&mut lease, "SELECT 'fine'").await, "fine"),
                    Err(error) if error.failure == AcquireFailure::Closed => break,
                    Err(error) => panic!("{error}"),
                }
                done += 1;
            }
            done
        })
    };
    let workers = (0..8).map(worker).collect();
    (stop, workers)
}

#[tokio::test]
async fn a_pool_of_one_without_overflow_serves_many_one_after_the_other() {
    let server = server().await;
    let (pool, _) = pool_with(&server.url(), "one", |options| options.size = 1);
    let (stop, workers) = load(&pool);
    for _ in 0..20 {
        sleep(Duration::from_millis(5)).await;
        assert!(pool.status().total() <= 1, "{:?}", pool.status());
    }
    stop.store(true, Ordering::Relaxed);
    for worker in workers {
        assert!(worker.await.unwrap() > 0, "nobody starves");
    }
    assert_eq!(server.backends("one").await.total, 1);
}

#[tokio::test]
async fn a_pool_of_nothing_but_overflow_works() {
    let (pool, _) = pool_with(&server().await.url(), "overflow only", |options| {
        (options.size, options.max_overflow) = (0, 2);
    });
    let leases = take(&pool, 2).await;
    assert!(pool.try_acquire().is_none());
    drop(leases);
    assert_eq!(text(&mut pool.acquire().await.unwrap(), "SELECT 'fine'").await, "fine");
}

#[tokio::test]
async fn an_unlimited_pool_takes_what_the_server_has_and_waits_for_the_rest() {
    let server = Postgres::builder().max_connections(12).start().await;
    let url = format!("{}?max_overflow=-1&pool_size=1", server.url());
    let (connector, options) = configured(&url, "unlimited");
    assert_eq!(options.max_overflow, PoolOptions::UNLIMITED);
    let pool = Pool::new(connector, options).unwrap();
    let mut leases = Vec::new();
    let refused = loop {
        match pool.acquire_until(Instant::now() + Duration::from_secs(3)).await {
            Ok(lease) => leases.push(lease),
            Err(error) => break error,
        }
    };
    assert!(leases.len() > 6, "{refused}");
    assert_eq!(refused.last_connect().map(|fault| fault.class()), Some(Class::Capacity), "{refused}");
    assert!(refused.to_string().contains("of unlimited connections"), "{refused}");
    let waiting = pool.clone();
    let waiter = tokio::spawn(async move { waiting.acquire().await.map(drop) });
    eventually("somebody waits", SOON, async || pool.status().waiting == 1).await;
    leases.pop();
    waiter.await.unwrap().expect("what comes back is lent on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resizing_under_load_fails_nobody_and_keeps_to_the_new_size() {
    let server = server().await;
    let (pool, _) = pool_with(&server.url(), "resized", |options| options.size = 4);
    let (stop, workers) = load(&pool);
    for (size, overflow) in [(1, 0), (6, 2), (0, 1), (3, PoolOptions::UNLIMITED), (2, 0)] {
        pool.resize(size, overflow).unwrap();
        let capacity = size.saturating_add(overflow);
        eventually("surplus ones have gone", SOON, async || pool.status().total() <= capacity).await;
        for _ in 0..10 {
            sleep(Duration::from_millis(3)).await;
            assert!(pool.status().total() <= capacity, "{:?}", pool.status());
        }
    }
    pool.resize(0, 0).unwrap_err();
    stop.store(true, Ordering::Relaxed);
    for worker in workers {
        assert!(worker.await.unwrap() > 0);
    }
    eventually("the server agrees", SOON, async || server.backends("resized").await.total <= 2).await;
    pool.resize(5, 0).unwrap();
    pool.warm_up(5, Instant::now() + SOON).await.unwrap();
    assert_eq!(pool.status().idle, 5, "as many as the pool may hold by now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_under_load_lets_holders_finish_and_refuses_everybody_else() {
    let server = server().await;
    let (pool, _) = pool_with(&server.url(), "closed under load", |options| options.size = 3);
    let (_never_told, workers) = load(&pool);
    eventually("it is in use", SOON, async || pool.status().leased == 3).await;
    assert_eq!(pool.close(Instant::now() + SOON).await, 0);
    assert_eq!(pool.status().total(), 0);
    let mut served = 0;
    for worker in workers {
        served += worker.await.expect("no statement failed");
    }
    assert!(served >= 3, "who held one went on to the end: {served}");
    assert_eq!(pool.acquire().await.unwrap_err().failure, AcquireFailure::Closed);
    eventually("none is left", SOON, async || server.backends("closed under load").await.total == 0).await;
}

#[tokio::test]
async fn closing_does_not_wait_for_a_server_that_does_not_answer() {
    let server = Postgres::start().await;
    let (pool, _) = pool_with(&server.url(), "hangs", |_| ());
    server.pause();
    let waiting = pool.clone();
    let waiter = tokio::spawn(async move { waiting.acquire().await.map(drop) });
    eventually("it is being opened", SOON, async || pool.status().opening == 1).await;
    let began = Instant::now();
    assert_eq!(pool.close(began + SOON).await, 0);
    assert!(began.elapsed() < Duration::from_secs(5), "took {:?}", began.elapsed());
    assert_eq!(waiter.await.unwrap().unwrap_err().failure, AcquireFailure::Closed);
    server.resume();
}
