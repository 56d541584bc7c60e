//! From a change to its answer: stored once, and told as it was.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::response::Response;
use steadfast::Error;
use steadfast::sql::{Guard, Isolation};
use steadfast::transaction::Transaction;
use steadfast::verdict::{Class, Verdict};

use crate::app::App;
use crate::deadline::Deadline;
use crate::idempotency::{Answer, Claim, Key, Request, claim, keep};
use crate::problem::{Problem, ProblemKind};
use crate::users::change::{Change, taken};

/// Stores a change, or gives the answer that it had when it was stored before.
pub(crate) async fn write(
    app: &App,
    deadline: &Deadline,
    key: Option<Key>,
    change: &Change,
) -> Result<Response, Problem> {
    if key.is_some() || app.settings().commit_guard == Guard::Marker {
        app.has_kept();
    }
    match key {
        None => store(app, deadline, change).await,
        Some(key) => {
            store_once(app, deadline, &Request { key, fingerprint: change.fingerprint() }, change).await
        }
    }
}

async fn store(app: &App, deadline: &Deadline, change: &Change) -> Result<Response, Problem> {
    let work = |tx: Transaction| async move {
        deadline.set_committing(None);
        let answer = change.run(&tx).await?;
        deadline.set_committing(tx.ticket());
        Ok::<_, Error>(answer)
    };
    let stored = app.database().transaction(app.changing(), Some(deadline.database()), work).await;
    let answer = stored.map_err(|error| taken(&error).unwrap_or_else(|| failed(app, error)))?;
    Ok(answer.into_response(false))
}

/// Why a transaction ended without having done the work.
enum Stop {
    Failed(Error),
    /// The work was done before.
    Answered(Answer),
    /// The key names something else.
    Reused,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

async fn store_once(
    app: &App,
    deadline: &Deadline,
    request: &Request,
    change: &Change,
) -> Result<Response, Problem> {
    let turn = app.keys().enter(request.key.as_str(), deadline.database()).await;
    let _turn = turn.ok_or_else(in_use)?;
    let claimed = &AtomicBool::new(false);
    let work = |tx: Transaction| async move {
        deadline.set_committing(None);
        claimed.store(false, Ordering::Relaxed);
        claim_or_stop(app, &tx, request).await?;
        claimed.store(true, Ordering::Relaxed);
        let answer = change.run(&tx).await?;
        keep(&tx, request, &answer).await?;
        deadline.set_committing(tx.ticket());
        Ok::<_, Stop>(answer)
    };
    match transaction(app, deadline, work).await {
        Ok(answer) => Ok(answer.into_response(false)),
        Err(Stop::Failed(error)) => match taken(&error) {
            Some(problem) => keep_refusal(app, deadline, request, &problem).await,
            // It ran out of time while it waited for another worker's transaction.
            None if !claimed.load(Ordering::Relaxed) && is_timeout(&error) => Err(in_use()),
            None => Err(failed(app, error)),
        },
        Err(stop) => stopped(app, stop),
    }
}

/// Keeps a refusal in a transaction of its own: the one that met it was rolled back, and its claim with it. When
/// somebody else was faster with the same request, his answer is the first one.
async fn keep_refusal(
    app: &App,
    deadline: &Deadline,
    request: &Request,
    refusal: &Problem,
) -> Result<Response, Problem> {
    let answer = &Answer::problem(refusal);
    let work = |tx: Transaction| async move {
        claim_or_stop(app, &tx, request).await?;
        keep(&tx, request, answer).await?;
        Ok::<_, Stop>(())
    };
    match transaction(app, deadline, work).await {
        Ok(()) => Ok(answer.clone().into_response(false)),
        // Whether the refusal is kept or not, nothing was changed; a repetition brings the one answer.
        Err(Stop::Failed(error)) if error.verdict() == Verdict::OutcomeUnknown => {
            tracing::warn!(%error, "whether a refusal was kept is not known");
            let detail = "The connection was lost while the answer was being kept.";
            Err(Problem::new(ProblemKind::DatabaseUnavailable, detail).retry_after(SOON))
        }
        Err(stop) => stopped(app, stop),
    }
}

async fn transaction<T, F, Fut>(app: &App, deadline: &Deadline, work: F) -> Result<T, Stop>
where
    T: Send,
    F: Fn(Transaction) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, Stop>> + Send,
{
    // A claim that had to wait must see what it waited for, whatever the server's default is.
    let options = app.changing().isolation(Isolation::ReadCommitted);
    app.database().transaction(options, Some(deadline.database()), work).await
}

async fn claim_or_stop(app: &App, tx: &Transaction, request: &Request) -> Result<(), Stop> {
    match claim(tx, request, app.settings().idempotency_ttl).await? {
        Claim::Mine => Ok(()),
        Claim::Answered(answer) => Err(Stop::Answered(answer)),
        Claim::Reused => Err(Stop::Reused),
    }
}

fn stopped(app: &App, stop: Stop) -> Result<Response, Problem> {
    match stop {
        Stop::Answered(answer) => Ok(answer.into_response(true)),
        Stop::Reused => {
            let detail = "The key came with another method, address or body before.";
            Err(Problem::new(ProblemKind::IdempotencyKeyReused, detail))
        }
        Stop::Failed(error) => Err(failed(app, error)),
    }
}

fn in_use() -> Problem {
    let detail = "It was waited for, as long as there was time.";
    Problem::new(ProblemKind::IdempotencyKeyInUse, detail).retry_after(SOON)
}

fn is_timeout(error: &Error) -> bool {
    matches!(error, Error::Fault(fault) if fault.class() == Class::Timeout && !fault.is_in_doubt())
}

/// The problem that an error is, with a ticket for the client when its outcome is unknown.
fn failed(app: &App, error: Error) -> Problem {
    let sealed = error.ticket().and_then(|ticket| app.sealed(ticket));
    let problem = Problem::from(error);
    match sealed {
        Some(ticket) => problem.with_ticket(ticket),
        None => problem,
    }
}

/// A transaction that holds a key ends within a request's time, and most do within milliseconds.
const SOON: u32 = 1;
