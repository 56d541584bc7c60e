//! Fear: the server went away and came back, and we did not.

use std::time::Duration;

use steadfast::event::{CloseCause, Event};
use steadfast::sql::SqlConnection as _;
use steadfast::verdict::Class;
use steadfast_test::{Mode, Postgres, Relay, eventually, holds_within};
use tokio::time::Instant;

use crate::support::*;

#[tokio::test]
async fn what_the_server_closed_for_being_idle_costs_no_caller_anything() {
    let server = Postgres::start().await;
    server.set("idle_session_timeout", "100ms").await;
    let (pool, events) = pool_with(&server.url(), "idle", |options| options.size = 3);
    for _ in 0..3 {
        drop(take(&pool, 3).await);
        eventually("the server has closed them", SOON, async || pool.status().total() == 0).await;
        assert_eq!(text(&mut pool.acquire().await.unwrap(), "SELECT 'fine'").await, "fine");
    }
    assert!(events.any(|event| matches!(
        event,
        Event::Closed { cause: CloseCause::Lost(fault), .. } if fault.code() == Some("57P05")
    )));
    assert!(!events.any(|event| matches!(event, Event::IncidentBegan { .. })), "nothing is wrong");
}

#[tokio::test]
async fn a_restart_is_survived_and_the_dead_are_counted_no_more() {
    for mode in [Mode::Fast, Mode::Immediate] {
        let server = Postgres::start().await;
        let pool = pool(&server.url(), "restarted", 3);
        let mut leases = take(&pool, 3).await;
        let before: Vec<u32> = leases.iter().map(backend).collect();
        leases.truncate(1);
        server.stop(mode).await;
        let fault = leases[0].query("SELECT 1", &[]).await.unwrap_err();
        assert!(matches!(fault.class(), Class::ConnectionLost | Class::Unavailable), "{mode:?}: {fault}");
        assert!(matches!(fault.code(), Some("57P01" | "57P02")), "{mode:?}: {fault}");
        // Whoever asks while the server is away gets a connection when it is back.
        let waiting = pool.clone();
        let waiter = tokio::spawn(async move {
            let mut lease = waiting.acquire().await.unwrap();
            text(&mut lease, "SELECT 'back'").await
        });
        eventually("connecting fails", SOON, async || {
            matches!(pool.status().reachability, steadfast::pool::Reachability::Unreachable { .. })
        })
        .await;
        server.start_again().await;
        let began = Instant::now();
        assert_eq!(waiter.await.unwrap(), "back");
        assert!(began.elapsed() < Duration::from_secs(3), "the loop probes at least once a second");
        leases.clear();
        let fresh = take(&pool, 3).await;
        assert!(fresh.iter().all(|lease| !before.contains(&backend(lease))));
        assert_eq!(pool.status().total(), 3);
    }
}

#[tokio::test]
async fn a_postmaster_killed_without_a_word_is_survived() {
    let server = Postgres::start().await;
    let pool = pool(&server.url(), "killed", 2);
    drop(take(&pool, 2).await);
    server.kill_9_postmaster().await;
    eventually("the ends are seen", SOON, async || pool.status().idle == 0).await;
    server.start_again().await;
    assert_eq!(text(&mut pool.acquire().await.unwrap(), "SELECT 'back'").await, "back");
}

#[tokio::test]
async fn a_path_that_went_silent_costs_a_caller_the_ping_timeout_and_no_more() {
    let server = server().await;
    let relay = Relay::to(server.addr()).await;
    let (pool, events) = pool_with(&relay.url_from(server), "silent", |options| {
        options.size = 3;
        options.pre_ping = steadfast::config::PrePing::Always;
    });
    drop(take(&pool, 3).await);
    assert_eq!(relay.silence_existing(), 3);
    let began = Instant::now();
    assert_eq!(text(&mut pool.acquire().await.unwrap(), "SELECT 'fine'").await, "fine");
    assert!(began.elapsed() < Duration::from_secs(2), "took {:?}", began.elapsed());
    eventually("the silent ones are found out", SOON, async || {
        events.any(|event| matches!(event, Event::Closed { cause: CloseCause::PingTimedOut, .. }))
    })
    .await;
    let leases = take(&pool, 3).await;
    assert_eq!(leases.len(), 3);
}

#[tokio::test]
async fn a_server_that_stands_still_is_waited_for_until_the_deadline_and_used_again_after_it() {
    let server = Postgres::start().await;
    let (pool, _) = pool_with(&server.url(), "paused", |options| {
        options.size = 2;
        options.pre_ping = steadfast::config::PrePing::Always;
    });
    drop(take(&pool, 2).await);
    server.pause();
    let began = Instant::now();
    let error = pool.acquire_until(began + Duration::from_millis(1500)).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_millis(2500), "the deadline holds: {:?}", began.elapsed());
    assert!(error.waited >= Duration::from_millis(1400), "{error}");
    server.resume();
    let back = holds_within(SOON, async || pool.acquire().await.is_ok()).await;
    assert!(back, "{:?}", pool.status());
}

#[tokio::test]
async fn a_pool_that_nobody_uses_sends_nothing() {
    let server = server().await;
    let relay = Relay::to(server.addr()).await;
    let (pool, events) = pool_with(&relay.url_from(server), "unused", |options| options.size = 3);
    drop(take(&pool, 3).await);
    eventually("they are idle", SOON, async || pool.status().idle == 3).await;
    let before = relay.counters();
    // Longer than any of the pool's own rhythms while it is in use.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let after = relay.counters();
    assert_eq!((after.bytes_to_server, after.opened), (before.bytes_to_server, before.opened));
    assert!(!events.any(|event| matches!(event, Event::Verified { .. })));
}
