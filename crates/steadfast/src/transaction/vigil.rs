//! Watching over a statement: a path that went silent in the middle of it must not cost its caller the whole deadline.
//!
//! Whoever gives a statement of a transaction up for this reason has the next attempt end what was left behind on the
//! server, and whoever gives a COMMIT up has its outcome found out.

use std::pin::Pin;

use crate::backend::{Backend, BackendPulse, Opinion};
use crate::error::Fault;
use crate::time::{Duration, Instant, kept, sleep, sleep_until, timeout, timeout_at};
use crate::verdict::{Class, Step};

/// Runs `work` on the connection with this pulse. When nothing is heard for as long as a ping may take, the server
/// is asked over another connection whether it is still at work, first then and after ever longer times. A slow
/// statement goes on; one that the server knows nothing of ends as a lost connection.
pub(super) async fn watched<R>(
    backend: &Backend,
    pulse: &BackendPulse,
    mut work: Pin<&mut (impl Future<Output = Result<R, Fault>> + Send)>,
) -> Result<R, Fault> {
    let Some(heard) = pulse.heard() else { return work.await };
    match timeout(backend.ping_timeout(), &mut work).await {
        Ok(result) => result,
        Err(_) => watched_on(backend, pulse, heard, work).await,
    }
}

/// The same until a deadline; `None` when that came first. Most work is done before either has a say, so that both have one timer at first.
pub(super) async fn watched_until<R>(
    deadline: Instant,
    backend: &Backend,
    pulse: &BackendPulse,
    mut work: Pin<&mut (impl Future<Output = Result<R, Fault>> + Send)>,
) -> Option<Result<R, Fault>> {
    let suspicious = Instant::now() + backend.ping_timeout();
    match pulse.heard() {
        Some(heard) if suspicious < deadline => match kept::timeout_at(suspicious, &mut work).await {
            Some(result) => Some(result),
            None => timeout_at(deadline, watched_on(backend, pulse, heard, work)).await.ok(),
        },
        Some(_) | None => kept::timeout_at(deadline, work).await,
    }
}

/// Goes on with work that has taken as long as a ping may, since this much had been heard.
async fn watched_on<R>(
    backend: &Backend,
    pulse: &BackendPulse,
    mut heard: u64,
    mut work: Pin<&mut (impl Future<Output = Result<R, Fault>> + Send)>,
) -> Result<R, Fault> {
    let mut patience = backend.ping_timeout();
    loop {
        if pulse.heard() == Some(heard) {
            tokio::select! {
                biased;
                result = &mut work => return result,
                // Boxed, as all that is seldom: it would make every statement's future as large as its own.
                lost = Box::pin(lost(backend, pulse, heard)) => if let Some(fault) = lost {
                    return Err(fault);
                },
            }
            patience = (patience * 2).min(LONGEST);
        }
        let Some(more) = pulse.heard() else { return work.await };
        heard = more;
        if let Ok(result) = timeout(patience, &mut work).await {
            return result;
        }
    }
}

/// Asks until somebody knows: the fault of a connection that nothing can be expected of any more.
async fn lost(backend: &Backend, pulse: &BackendPulse, heard: u64) -> Option<Fault> {
    while pulse.heard() == Some(heard) {
        let began = Instant::now();
        match backend.second_opinion(pulse).await {
            Opinion::AtWork => return None,
            Opinion::Deserted => {
                // The answer may be on its way.
                sleep(GRACE).await;
                return (pulse.heard() == Some(heard)).then(deserted_fault);
            }
            Opinion::Silent => {}
            Opinion::NobodyToAsk { all_leased } => {
                if all_leased && backend.may_spare_one() {
                    return Some(spared_fault());
                }
                // However soon it was known.
                sleep_until(began + backend.ping_timeout() / 2).await;
            }
        }
    }
    None
}

fn deserted_fault() -> Fault {
    Fault::new(
        Class::ConnectionLost,
        Step::Statement,
        "the server is not working on the statement, and its answer never came",
    )
    .with_remedy("the path to the server went silent; the statement is run again over another connection")
}

/// A statement that runs for minutes is asked about this seldom.
const LONGEST: Duration = Duration::from_secs(10);

/// Every connection is held, and perhaps by statements that will never end: one must go, so that the server can be
/// asked about the others.
fn spared_fault() -> Fault {
    Fault::new(
        Class::ConnectionLost,
        Step::Statement,
        "nothing was heard, and all connections are in use, so that none was left to ask the server with",
    )
    .with_remedy(
        "the statement is run again; if it is merely slow, a larger pool or a faster statement helps",
    )
}

const GRACE: Duration = Duration::from_millis(100);
