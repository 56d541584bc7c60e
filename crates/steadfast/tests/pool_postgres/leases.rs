//! Fear: a connection that somebody knows to be bad is handed out again.

use steadfast::Fault;
use steadfast::event::{CloseCause, Event};
use steadfast::sql::SqlConnection as _;
use steadfast::verdict::{Class, Step, Verdict};
use steadfast_test::eventually;

use crate::support::*;

#[tokio::test]
async fn a_condemned_connection_is_replaced_and_its_like_are_suspect_when_the_fault_may_have_hit_them() {
    let server = server().await;
    for (class, suspects) in [(Class::ConnectionLost, true), (Class::Statement, false)] {
        let name = format!("condemned {suspects}");
        let pool = pool(&server.url(), &name, 2);
        let mut leases = take(&pool, 2).await;
        let (bad, good) = (backend(&leases[0]), backend(&leases[1]));
        let generation = pool.status().generation;
        leases[0].condemn(Fault::new(class, Step::Statement, "seen by the caller"));
        leases.clear();
        let leases = take(&pool, 2).await;
        let now: Vec<u32> = leases.iter().map(backend).collect();
        assert!(now.contains(&good) && !now.contains(&bad), "{bad} is replaced, {good} is kept: {now:?}");
        assert_eq!(pool.status().generation > generation, suspects);
        eventually("the condemned one is gone from the server", SOON, async || {
            server.backends(&name).await.total == 2
        })
        .await;
    }
}

#[tokio::test]
async fn a_discarded_connection_is_closed_with_a_goodbye_and_no_incident() {
    let server = server().await;
    let (pool, events) = pool_with(&server.url(), "discarded", |options| options.size = 1);
    let lease = pool.acquire().await.unwrap();
    let first = backend(&lease);
    let generation = pool.status().generation;
    lease.discard();
    assert_ne!(backend(&pool.acquire().await.unwrap()), first);
    assert_eq!(pool.status().generation, generation);
    assert!(events.any(|event| matches!(event, Event::Closed { cause: CloseCause::Asked, .. })));
    eventually("one is left", SOON, async || server.backends("discarded").await.total == 1).await;
    assert!(!server.log().contains("unexpected EOF on client connection"), "it said goodbye");
}

#[tokio::test]
async fn an_idle_connection_ended_by_an_administrator_is_replaced_and_its_last_words_are_told() {
    let server = server().await;
    let (pool, events) = pool_with(&server.url(), "ended idle", |options| options.size = 2);
    drop(take(&pool, 2).await);
    assert_eq!(server.terminate_backends("ended idle").await, 2);
    // Nobody asks for a connection: the pool finds out by itself.
    eventually("the pool has noticed", SOON, async || pool.status().total() == 0).await;
    let told = |event: &Event| {
        let Event::Closed { cause: CloseCause::Lost(fault), .. } = event else { return false };
        fault.code() == Some("57P01")
            && fault.last_words().is_some_and(|words| words.contains("administrator command"))
    };
    assert!(events.any(told));
    assert_eq!(text(&mut pool.acquire().await.unwrap(), "SELECT 'fine'").await, "fine");
}

#[tokio::test]
async fn no_caller_gets_a_connection_that_was_ended_while_idle() {
    let server = server().await;
    let (pool, events) = pool_with(&server.url(), "ended often", |options| options.size = 4);
    let lost = |event: &Event| matches!(event, Event::Closed { cause: CloseCause::Lost(_), .. });
    let mut ended = 0;
    for _ in 0..20 {
        drop(take(&pool, 4).await);
        ended += server.terminate_backends("ended often").await;
        // The server's words may still be on their way; once they are here, an acquire must not fail.
        eventually("the pool has noticed", SOON, async || events.count(lost) >= ended).await;
        assert_eq!(text(&mut pool.acquire().await.unwrap(), "SELECT 'fine'").await, "fine");
    }
}

#[tokio::test]
async fn a_leased_connection_ended_by_an_administrator_says_so_and_is_not_reused() {
    let server = server().await;
    let pool = pool(&server.url(), "ended leased", 1);
    let mut lease = pool.acquire().await.unwrap();
    let first = backend(&lease);
    let slow = lease.query("SELECT pg_sleep(30)", &[]);
    let kill = async {
        eventually("it runs", SOON, async || server.backends("ended leased").await.active == 1).await;
        server.terminate_backends("ended leased").await
    };
    let (outcome, ended) = tokio::join!(slow, kill);
    let fault = outcome.unwrap_err();
    assert_eq!(ended, 1);
    assert_eq!((fault.class(), fault.code()), (Class::ConnectionLost, Some("57P01")), "{fault}");
    assert!(fault.last_words().unwrap().contains("administrator command"), "{fault}");
    assert_eq!(fault.verdict(), Verdict::OutcomeUnknown, "it was no transaction: {fault}");
    drop(lease);
    assert_ne!(backend(&pool.acquire().await.unwrap()), first);
}
