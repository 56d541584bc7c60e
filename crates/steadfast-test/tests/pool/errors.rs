//! Rule 9: an error from `acquire` says which phase it died in, how long it waited, who holds the connections,
//! and why connecting fails.

use steadfast::error::{AcquireFailure, Phase};
use steadfast::verdict::{Class, Verdict};
use steadfast_test::sim::Answer;

use super::{ms, pool, pool_with, s};

#[tokio::test(start_paused = true)]
async fn rule_9_waiting_names_the_holder() {
    let (pool, _server) = pool_with(|options| {
        options.size = 1;
        options.max_overflow = 0;
        options.leak_tracking = true;
    });
    let line = line!() + 1;
    let _lease = pool.acquire().await.unwrap();
    let error = pool.acquire().await.unwrap_err();
    assert_eq!((error.failure, error.phase), (AcquireFailure::TimedOut, Phase::Waiting));
    assert!(error.waited >= s(30) && error.waited < s(31));
    assert_eq!((error.leased, error.capacity), (1, 1));
    let holder = error.holders.first().expect("a holder");
    assert_eq!((holder.location.file().ends_with("errors.rs"), holder.location.line()), (true, line));
    assert!(holder.held >= s(30));
    assert!(error.to_string().contains("errors.rs"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn rule_9_opening_carries_the_last_connect_error() {
    let (pool, server) = pool(1, 0);
    server.on_connect(Answer::Fail(Class::Unreachable, ms(1)));
    let error = pool.acquire().await.unwrap_err();
    assert_eq!((error.failure, error.phase), (AcquireFailure::TimedOut, Phase::Opening));
    assert_eq!(error.last_connect().map(|fault| fault.class()), Some(Class::Unreachable));
    assert_eq!(error.verdict(), Verdict::RetryLater);
    assert!(error.to_string().contains("simulated"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn rule_9_an_outage_that_ended_during_the_wait_is_told_of() {
    let (pool, server) = pool(1, 0);
    server.on_connect(Answer::Fail(Class::Unreachable, ms(1)));
    let first = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.unwrap() }
    });
    tokio::task::yield_now().await;
    let second = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.unwrap_err() }
    });
    tokio::time::sleep(s(29)).await;
    server.on_connect(Answer::After(ms(1)));
    // The only connection that there may be is the first caller's, and the deadline of the second is near.
    let held = first.await.unwrap();
    let error = second.await.unwrap();
    assert!(error.last_connect().is_none(), "connecting works: {error}");
    let told = error.to_string();
    assert!(told.contains("connecting failed until") && told.contains("simulated"), "{told}");
    // Who came later has no part in it.
    let error = pool.acquire().await.unwrap_err();
    assert!(!error.to_string().contains("connecting"), "{error}");
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn rule_9_a_connect_that_hangs_is_bounded_and_named() {
    let (pool, server) = pool(1, 0);
    server.on_connect(Answer::Never);
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(error.phase, Phase::Opening);
    assert!(error.to_string().contains("does not answer"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn rule_9_verifying_is_told_from_waiting() {
    let (pool, server) = pool_with(|options| {
        options.size = 1;
        options.max_overflow = 0;
        options.ping_timeout = s(60);
    });
    drop(pool.acquire().await.unwrap());
    tokio::time::sleep(s(2)).await;
    server.on_ping(Answer::Never);
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(error.phase, Phase::Verifying);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_fault_reaches_all_waiters_at_once() {
    let (pool, server) = pool(3, 0);
    server.on_connect(Answer::Fail(Class::Permanent, ms(5)));
    let started = tokio::time::Instant::now();
    let all = futures_util::future::join_all((0..20).map(|_| pool.acquire())).await;
    assert!(started.elapsed() <= ms(100));
    for result in all {
        let error = result.unwrap_err();
        assert_eq!((error.failure, error.verdict()), (AcquireFailure::Permanent, Verdict::GiveUp));
    }
    // And whoever comes right after is told at once, without another try that might lock the role out.
    assert_eq!(pool.acquire().await.unwrap_err().failure, AcquireFailure::Permanent);
    assert!(started.elapsed() <= ms(100));
}

#[tokio::test(start_paused = true)]
async fn a_permanent_fault_that_somebody_mended_is_forgotten() {
    let (pool, server) = pool(1, 0);
    server.on_connect(Answer::Fail(Class::Permanent, ms(1)));
    assert!(pool.acquire().await.is_err());
    server.on_connect(Answer::After(ms(1)));
    tokio::time::sleep(s(2)).await;
    assert!(pool.acquire().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded() {
    let (pool, _server) = pool_with(|options| {
        options.size = 1;
        options.max_overflow = 0;
        options.max_waiters = 3;
    });
    let _lease = pool.acquire().await.unwrap();
    let results = futures_util::future::join_all((0..5).map(|_| pool.acquire())).await;
    let full = results.iter().filter(|result| {
        result.as_ref().is_err_and(|error| error.failure == AcquireFailure::QueueFull && error.waited < ms(1))
    });
    assert_eq!(full.count(), 2);
}
