//! Fear: a full server costs us the connections that we have.

use std::time::Duration;

use steadfast::error::AcquireFailure;
use steadfast::verdict::Class;
use steadfast_test::{Postgres, eventually};
use tokio::time::Instant;

use crate::support::*;

/// Five for ordinary roles, three for superusers.
async fn small_server() -> Postgres {
    Postgres::builder().max_connections(8).start().await
}

#[tokio::test]
async fn a_full_server_costs_no_good_connection_and_is_named_to_whoever_waits() {
    let server = small_server().await;
    let (pool, _) = pool_with(&server.url(), "ours", |options| {
        options.size = 5;
        options.acquire_timeout = Duration::from_millis(400);
    });
    let leases = take(&pool, 2).await;
    let ours: Vec<u32> = leases.iter().map(backend).collect();
    let mut theirs = Vec::new();
    for _ in 0..3 {
        theirs.push(single(&server.url(), "theirs").await.unwrap());
    }
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(error.failure, AcquireFailure::TimedOut, "{error}");
    let fault = error.last_connect().expect("the reason is known");
    assert_eq!((fault.class(), fault.code()), (Class::Capacity, Some("53300")), "{error}");
    assert!(error.to_string().contains("53300"), "{error}");

    drop(leases);
    for _ in 0..50 {
        let mut lease = pool.acquire().await.expect("what we have is lent on while the server is full");
        assert!(ours.contains(&backend(&lease)));
        assert_eq!(text(&mut lease, "SELECT 'fine'").await, "fine");
    }
    assert_eq!(server.backends("ours").await.pids, ours, "none was lost");

    drop(theirs);
    eventually("they have gone", SOON, async || server.backends("theirs").await.total == 0).await;
    let began = Instant::now();
    let mut leases = take(&pool, 2).await;
    // As fast as the reconnect loop allows while somebody waits, or faster.
    let deadline = Instant::now() + SOON;
    leases.push(pool.acquire_until(deadline).await.expect("there is room again"));
    assert!(began.elapsed() < Duration::from_secs(3), "took {:?}", began.elapsed());
}

#[tokio::test]
async fn waiters_on_a_full_server_are_served_by_what_comes_back() {
    let server = small_server().await;
    let pool = pool(&server.url(), "ours", 5);
    let mut leases = take(&pool, 2).await;
    let mut theirs = Vec::new();
    for _ in 0..3 {
        theirs.push(single(&server.url(), "theirs").await.unwrap());
    }
    let waiting = pool.clone();
    let waiter = tokio::spawn(async move { backend(&waiting.acquire().await.unwrap()) });
    eventually("somebody waits", SOON, async || pool.status().waiting == 1).await;
    let returned = leases.pop().unwrap();
    let expected = backend(&returned);
    drop(returned);
    assert_eq!(waiter.await.unwrap(), expected);
}
