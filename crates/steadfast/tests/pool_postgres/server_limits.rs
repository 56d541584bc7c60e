//! Fear: a limit that the server keeps on its own surprises a caller.

use std::time::Duration;

use steadfast::event::{CloseCause, Event};
use steadfast::sql::SqlConnection as _;
use steadfast::verdict::{Class, Verdict};
use steadfast_test::{Postgres, Relay, eventually};
use tokio::time::{Instant, timeout};

use crate::support::*;

#[tokio::test]
async fn idle_in_transaction_session_timeout_ends_who_holds_and_nobody_else() {
    let server = Postgres::start().await;
    server.set("idle_in_transaction_session_timeout", "100ms").await;
    let (pool, events) = pool_with(&server.url(), "idle in transaction", |options| options.size = 2);
    let mut lease = pool.acquire().await.unwrap();
    lease.begin(steadfast::sql::TransactionOptions::default()).await.unwrap();
    lease.query("SELECT 1", &[]).await.unwrap();
    eventually("the server has ended it", SOON, async || {
        server.backends("idle in transaction").await.total == 0
    })
    .await;
    let fault = eventual_fault(&mut lease).await;
    assert_eq!((fault.class(), fault.code()), (Class::ConnectionLost, Some("25P03")), "{fault}");
    assert!(fault.last_words().is_some_and(|words| words.contains("idle-in-transaction")), "{fault}");
    drop(lease);
    assert_eq!(text(&mut pool.acquire().await.unwrap(), "SELECT 'fine'").await, "fine");
    assert!(events.any(|event| matches!(
        event,
        Event::Closed { cause: CloseCause::Lost(fault), .. } if fault.code() == Some("25P03")
    )));
}

/// The fault of a connection that has ended: of a statement that is sent on it.
async fn eventual_fault(connection: &mut steadfast::postgres::PostgresConnection) -> steadfast::Fault {
    let deadline = Instant::now() + SOON;
    loop {
        if let Err(fault) = connection.query("SELECT 1", &[]).await {
            return fault;
        }
        assert!(Instant::now() < deadline, "it still works");
    }
}

#[tokio::test]
async fn a_statement_timeout_costs_the_statement_and_not_the_connection() {
    let server = Postgres::start().await;
    server.set("statement_timeout", "50ms").await;
    let pool = pool(&server.url(), "statement timeout", 1);
    let mut lease = pool.acquire().await.unwrap();
    let first = backend(&lease);
    let fault = lease.query("SELECT pg_sleep(30)", &[]).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Timeout, Some("57014")), "{fault}");
    assert_eq!(fault.verdict(), Verdict::GiveUp, "{fault}");
    let generation = pool.status().generation;
    drop(lease);
    assert_eq!(backend(&pool.acquire().await.unwrap()), first);
    assert_eq!(pool.status().generation, generation, "nothing was suspected");
}

#[tokio::test]
async fn client_connection_check_interval_ends_the_query_of_a_client_that_has_gone() {
    let server = Postgres::start().await;
    if server.version() < 14 {
        return;
    }
    server.set("client_connection_check_interval", "50ms").await;
    let relay = Relay::to(server.addr()).await;
    let pool = pool(&relay.url_from(&server), "checked", 1);
    let mut lease = pool.acquire().await.unwrap();
    let slow = lease.query("SELECT pg_sleep(600)", &[]);
    let cut = async {
        eventually("it runs", SOON, async || server.backends("checked").await.active == 1).await;
        relay.cut_all(steadfast_test::Ending::Fin).await
    };
    let (outcome, _) = tokio::join!(slow, cut);
    let fault = outcome.unwrap_err();
    assert_eq!(fault.class(), Class::ConnectionLost, "{fault}");
    drop(lease);
    eventually("the server has noticed, in the middle of the query", SOON, async || {
        server.backends("checked").await.active == 0
    })
    .await;
    assert_eq!(text(&mut pool.acquire().await.unwrap(), "SELECT 'fine'").await, "fine");
}

#[tokio::test]
async fn a_check_of_the_client_does_not_disturb_a_slow_query() {
    let server = Postgres::start().await;
    if server.version() < 14 {
        return;
    }
    server.set("client_connection_check_interval", "10ms").await;
    let pool = pool(&server.url(), "undisturbed", 1);
    let mut lease = pool.acquire().await.unwrap();
    lease.query("SELECT pg_sleep(0.3)", &[]).await.unwrap();
}

#[tokio::test]
async fn tcp_user_timeout_of_the_server_leaves_idle_and_busy_connections_alone() {
    let server = Postgres::start().await;
    // Where the system does not know it the server says so in its log, and goes on without.
    server.set("tcp_user_timeout", "200ms").await;
    let pool = pool(&server.url(), "user timeout", 1);
    let mut lease = pool.acquire().await.unwrap();
    let first = backend(&lease);
    lease.query("SELECT pg_sleep(0.5)", &[]).await.unwrap();
    drop(lease);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(backend(&pool.acquire().await.unwrap()), first);
}

#[tokio::test]
async fn an_idle_limit_shorter_than_ours_is_met_by_a_keepalive_ping() {
    let server = Postgres::start().await;
    server.set("idle_session_timeout", "3s").await;
    let (pool, events) = pool_with(&server.url(), "kept alive", |options| {
        options.size = 2;
        options.keepalive_ping = Some(Duration::from_millis(200));
    });
    let before: Vec<u32> = take(&pool, 2).await.iter().map(backend).collect();
    let kept = async {
        while events.count(|event| matches!(event, Event::Verified { .. })) < 50 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, kept).await.expect("pings go on");
    let after: Vec<u32> = take(&pool, 2).await.iter().map(backend).collect();
    assert!(after.iter().all(|pid| before.contains(pid)), "{after:?} of {before:?}");
}
