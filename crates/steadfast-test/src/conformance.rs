//! What every connector owes the pool: one suite for all of them, and for yours.
//!
//! A test names a [`Subject`], a database with a connector to it, and calls [`check`]. The simulated server, SQLite and
//! PostgreSQL are checked by it; what a connector that speaks SQL must do beyond that is not its concern.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use steadfast::connector::{Alarm, Condition, Connector};
use steadfast::error::Fault;
use tokio::time::timeout;

use crate::eventually::eventually;
use crate::poll_once::poll_once;

/// Everything here takes milliseconds; this is for machines that are busy with something else.
const BOUND: Duration = Duration::from_secs(20);
/// The pool's default for `clean_timeout`.
const CLEAN_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection of a subject.
pub type ConnectionOf<S> = <<S as Subject>::Connector as Connector>::Connection;

/// A database of its own, and a connector to it.
pub trait Subject: Sized + Send + Sync {
    /// What is checked.
    type Connector: Connector;

    /// Makes a new one.
    fn start() -> impl Future<Output = Self> + Send;

    /// The connector.
    fn connector(&self) -> &Self::Connector;

    /// A request as any holder makes it.
    fn work(&self, connection: &mut ConnectionOf<Self>) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Leaves something behind that the next holder must not see.
    fn soil(&self, connection: &mut ConnectionOf<Self>) -> impl Future<Output = ()> + Send;

    /// Whether nothing of that is there.
    fn is_pristine(&self, connection: &mut ConnectionOf<Self>) -> impl Future<Output = bool> + Send;

    /// A request that takes minutes, when there is such a thing. It will be dropped.
    fn stay_busy(&self, connection: &mut ConnectionOf<Self>) -> Option<impl Future<Output = ()> + Send>;

    /// Ends all connections from the other side; false when there is nobody on the other side who could.
    fn end_all(&self) -> impl Future<Output = bool> + Send;

    /// How many connections the other side sees, when it can see any.
    fn open(&self) -> impl Future<Output = Option<usize>> + Send;

    /// A connector to a place where no database is.
    fn to_nowhere() -> Self::Connector;
}

/// Checks every rule, each on a new subject, and says on standard error which one.
///
/// # Panics
/// When a rule is broken, or not kept in time.
pub async fn check<S: Subject>() {
    rule("a new connection is ready and answers", new_connections_are_ready::<S>()).await;
    rule("connections are independent of each other", connections_are_independent::<S>()).await;
    rule("what is left behind is seen and removed", dirt_is_seen_and_removed::<S>()).await;
    rule("a dropped request is seen and ended", dropped_requests_are_ended::<S>()).await;
    rule("every call may be dropped", every_call_may_be_dropped::<S>()).await;
    rule("a connect that is dropped leaves nothing", dropped_connects_leave_nothing::<S>()).await;
    rule("closing and dropping release", closing_and_dropping_release::<S>()).await;
    rule("an end is seen without asking, and rings", ends_are_seen_and_ring::<S>()).await;
    rule("a failure says what happened", failures_say_what_happened::<S>()).await;
    rule("what is abandoned is left alone", abandoned_ones_are_left_alone::<S>()).await;
}

#[expect(clippy::print_stderr, reason = "a test tells what it is at")]
async fn rule(name: &str, keep: impl Future<Output = ()>) {
    eprintln!("conformance: {name}");
    assert!(timeout(3 * BOUND, keep).await.is_ok(), "not in time: {name}");
}

async fn new_connections_are_ready<S: Subject>() {
    let subject = S::start().await;
    let mut connection = connect(&subject).await;
    for _ in 0..3 {
        assert!(is_ready(&subject, &connection));
        ping(&subject, &mut connection).await;
    }
    must(subject.work(&mut connection).await);
    assert!(is_ready(&subject, &connection), "a finished request leaves nothing");
    assert!(subject.is_pristine(&mut connection).await);
}

async fn connections_are_independent<S: Subject>() {
    let subject = S::start().await;
    let (mut first, mut second) = (connect(&subject).await, connect(&subject).await);
    subject.soil(&mut first).await;
    assert!(is_ready(&subject, &second));
    ping(&subject, &mut second).await;
    bounded(subject.connector().close(first)).await;
    assert!(is_ready(&subject, &second));
    must(subject.work(&mut second).await);
}

async fn dirt_is_seen_and_removed<S: Subject>() {
    let subject = S::start().await;
    let mut connection = connect(&subject).await;
    for _ in 0..2 {
        subject.soil(&mut connection).await;
        assert!(is_dirty(&subject, &connection));
        clean(&subject, &mut connection).await;
        assert!(subject.is_pristine(&mut connection).await);
        assert!(is_ready(&subject, &connection));
    }
    // Of what is clean nothing is removed.
    clean(&subject, &mut connection).await;
    must(subject.work(&mut connection).await);
}

async fn dropped_requests_are_ended<S: Subject>() {
    let subject = S::start().await;
    let mut connection = connect(&subject).await;
    for patience in [Duration::ZERO, Duration::from_millis(100)] {
        match subject.stay_busy(&mut connection) {
            Some(request) => assert!(timeout(patience, request).await.is_err(), "it takes minutes"),
            None => return,
        }
        assert!(!is_ready(&subject, &connection));
        clean(&subject, &mut connection).await;
        assert!(subject.is_pristine(&mut connection).await);
    }
}

async fn every_call_may_be_dropped<S: Subject>() {
    let subject = S::start().await;
    let mut connection = connect(&subject).await;
    for round in 0..4 {
        match round {
            0 => poll_once(subject.connector().ping(&mut connection)).await,
            1 => poll_once(subject.work(&mut connection)).await,
            2 => {
                subject.soil(&mut connection).await;
                poll_once(subject.connector().clean(&mut connection)).await;
            }
            _ => poll_once(subject.soil(&mut connection)).await,
        }
        // What is said to be ready is, and everything else can be made ready, or is lost.
        match subject.connector().inspect(&connection) {
            Condition::Ready => {}
            Condition::Lost(_) => connection = connect(&subject).await,
            Condition::Dirty | _ => clean(&subject, &mut connection).await,
        }
        ping(&subject, &mut connection).await;
        assert!(subject.is_pristine(&mut connection).await, "round {round}");
        must(subject.work(&mut connection).await);
    }
    poll_once(subject.connector().close(connection)).await;
    expect_open(&subject, 0).await;
}

async fn dropped_connects_leave_nothing<S: Subject>() {
    let subject = S::start().await;
    for millis in [0, 0, 1, 2, 4, 8] {
        // It may be faster than that.
        let patience = Duration::from_millis(millis);
        drop(timeout(patience, subject.connector().connect(Alarm::silent())).await);
    }
    expect_open(&subject, 0).await;
    must(subject.work(&mut connect(&subject).await).await);
}

async fn closing_and_dropping_release<S: Subject>() {
    let subject = S::start().await;
    let (first, mut second, third) =
        (connect(&subject).await, connect(&subject).await, connect(&subject).await);
    expect_open(&subject, 3).await;
    bounded(subject.connector().close(first)).await;
    expect_open(&subject, 2).await;
    subject.soil(&mut second).await;
    drop(second);
    expect_open(&subject, 1).await;
    drop(third);
    expect_open(&subject, 0).await;
    assert!(subject.is_pristine(&mut connect(&subject).await).await, "nothing was left behind");
}

async fn ends_are_seen_and_ring<S: Subject>() {
    let subject = S::start().await;
    let rung = Arc::new(AtomicUsize::new(0));
    let bell = Arc::clone(&rung);
    let alarm = Alarm::new(move || {
        let _before = bell.fetch_add(1, Ordering::SeqCst);
    });
    let mut connection = must(bounded(subject.connector().connect(alarm)).await);
    ping(&subject, &mut connection).await;
    if !subject.end_all().await {
        return;
    }
    eventually("the alarm rings", BOUND, async || rung.load(Ordering::SeqCst) > 0).await;
    let condition = subject.connector().inspect(&connection);
    let Condition::Lost(fault) = condition else { crate::error::fail(&crate::Error::new("it is lost")) };
    assert!(fault.class().condemns_connection(), "{fault}");
    for _ in 0..2 {
        let fault = bounded(subject.connector().ping(&mut connection)).await.err();
        assert!(fault.is_some_and(|fault| fault.class().condemns_connection()), "no ping is answered");
    }
    let cleaned = bounded(subject.connector().clean(&mut connection)).await;
    assert!(cleaned.is_err(), "nothing is left to clean");
    bounded(subject.connector().close(connection)).await;
    must(subject.work(&mut connect(&subject).await).await);
}

async fn failures_say_what_happened<S: Subject>() {
    let connector = S::to_nowhere();
    for _ in 0..2 {
        let Err(fault) = bounded(connector.connect(Alarm::silent())).await else {
            crate::error::fail(&crate::Error::new("there is nobody to connect to"))
        };
        assert!(!fault.summary().is_empty());
        assert!(!fault.to_string().is_empty());
    }
}

async fn abandoned_ones_are_left_alone<S: Subject>() {
    let subject = S::start().await;
    let (kept, abandoned) = (connect(&subject).await, connect(&subject).await);
    subject.connector().abandon(abandoned);
    drop(kept);
    expect_open(&subject, 1).await;
    must(subject.work(&mut connect(&subject).await).await);
}

async fn connect<S: Subject>(subject: &S) -> ConnectionOf<S> {
    must(bounded(subject.connector().connect(Alarm::silent())).await)
}

async fn ping<S: Subject>(subject: &S, connection: &mut ConnectionOf<S>) {
    must(bounded(subject.connector().ping(connection)).await);
    assert!(is_ready(subject, connection), "a ping leaves nothing behind");
}

async fn clean<S: Subject>(subject: &S, connection: &mut ConnectionOf<S>) {
    // The bound is the pool's. A busy machine gets a second chance, which a cleaning that hangs does not use.
    let cleaned = timeout(2 * CLEAN_TIMEOUT, subject.connector().clean(connection)).await;
    let Ok(cleaned) = cleaned else { crate::error::fail(&crate::Error::new("cleaning takes too long")) };
    must(cleaned);
    assert!(is_ready(subject, connection), "what was cleaned is ready");
}

async fn expect_open<S: Subject>(subject: &S, number: usize) {
    if subject.open().await.is_some() {
        let what = format!("{number} connections are open");
        eventually(&what, BOUND, async || subject.open().await == Some(number)).await;
    }
}

async fn bounded<T>(future: impl Future<Output = T>) -> T {
    match timeout(BOUND, future).await {
        Ok(value) => value,
        Err(_) => crate::error::fail(&crate::Error::new(format!("no answer within {BOUND:?}"))),
    }
}

fn is_ready<S: Subject>(subject: &S, connection: &ConnectionOf<S>) -> bool {
    matches!(subject.connector().inspect(connection), Condition::Ready)
}

fn is_dirty<S: Subject>(subject: &S, connection: &ConnectionOf<S>) -> bool {
    matches!(subject.connector().inspect(connection), Condition::Dirty)
}

fn must<T>(result: Result<T, Fault>) -> T {
    match result {
        Ok(value) => value,
        Err(fault) => crate::error::fail(&crate::Error::new(fault.to_string())),
    }
}
