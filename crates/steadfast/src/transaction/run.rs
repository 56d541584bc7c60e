//! The loop that runs a unit of work until it is done, hopeless, or out of time.

use std::pin::pin;
use std::sync::Arc;

use super::attempt::Attempt;
use super::commit::commit;
use super::handle::Transaction;
use super::vigil::watched_until;
use crate::backend::{Backend, BackendGhost, BackendLease};
use crate::error::{Error, Fault};
use crate::event::{Event, Observer, Operation, Stopwatch};
use crate::retry::Backoff;
use crate::sql::{Row, SqlConnection, TransactionOptions, Value};
use crate::time::{Duration, Instant, sleep, timeout_at};
use crate::verdict::{Class, Step, Verdict};

/// What a unit of work runs on, and by when it must be done.
#[derive(Debug)]
pub(crate) struct Unit<'a> {
    pub(crate) backend: &'a Backend,
    pub(crate) observers: &'a Arc<[Arc<dyn Observer>]>,
    pub(crate) operation: Operation,
    pub(crate) options: TransactionOptions,
    pub(crate) deadline: Instant,
}

/// Runs `work` in a transaction, and runs it again when it is proven that nothing was committed and another
/// try may do better.
pub(crate) async fn run<T, E, F, Fut>(unit: &Unit<'_>, work: F) -> Result<T, E>
where
    F: Fn(Transaction) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    T: Send,
    E: From<Error> + Send,
{
    let mut retries = Retries::new(unit);
    let mut ghost = None;
    let mut watch = Stopwatch::start(unit.observers, unit.operation);
    loop {
        let mut lease = match unit.backend.acquire_until(unit.deadline).await {
            Ok(lease) => lease,
            Err(error) => {
                watch.starved(&error);
                return Err(Error::from(error).into());
            }
        };
        let connected = Instant::now();
        let failed = match begin(unit, &mut lease, ghost.take()).await {
            Ok(()) => match attempt(unit, lease, connected, &work).await {
                Ok(value) => {
                    watch.done();
                    return Ok(value);
                }
                Err(failed) => failed,
            },
            Err(fault) => {
                lease.judge(&fault);
                Failed::of(fault)
            }
        };
        ghost = failed.ghost;
        let Some(fault) = failed.fault else {
            watch.refused();
            return Err(failed.error);
        };
        watch.failed(&fault);
        if failed.once || !retries.pause(&fault).await {
            return Err(failed.error);
        }
    }
}

/// Reads with one statement, and reads again when that may do better.
pub(crate) async fn read_once(unit: &Unit<'_>, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
    let mut watch = Stopwatch::start(unit.observers, unit.operation);
    let result = read_until_done(unit, sql, params).await;
    watch.ended(&result);
    result
}

async fn read_until_done(unit: &Unit<'_>, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
    let mut retries = Retries::new(unit);
    loop {
        let mut lease = unit.backend.acquire_until(unit.deadline).await?;
        let connected = Instant::now();
        let result = read_watched(unit, &mut lease, sql, params).await;
        let fault = match result {
            Some(Ok(rows)) => return Ok(rows),
            Some(Err(fault)) => fault,
            None => return Err(out_of_time(Step::Statement, connected).into()),
        };
        lease.judge(&fault);
        drop(lease);
        if !retries.pause(&fault).await {
            return Err(fault.into());
        }
    }
}

async fn read_watched(
    unit: &Unit<'_>,
    lease: &mut BackendLease,
    sql: &str,
    params: &[Value],
) -> Option<Result<Vec<Row>, Fault>> {
    let pulse = lease.pulse();
    watched_until(unit.deadline, unit.backend, &pulse, pin!(lease.read(sql, params))).await
}

/// Begins, after what the attempt before has left behind on the server is ended: it may hold the locks that this one
/// needs.
async fn begin(unit: &Unit<'_>, lease: &mut BackendLease, ghost: Option<BackendGhost>) -> Result<(), Fault> {
    if let Some(ghost) = ghost
        && Box::pin(lease.lay(ghost)).await?
    {
        unit.tell(&Event::Fenced { in_doubt: false });
    }
    lease.begin(unit.options).await
}

/// An attempt that did not commit: the error for the caller, and the fault that decides about another try.
struct Failed<E> {
    error: E,
    fault: Option<Fault>,
    /// What the attempt may have left behind on the server.
    ghost: Option<BackendGhost>,
    /// It must not be run again.
    once: bool,
}

impl<E: From<Error>> Failed<E> {
    fn of(fault: Fault) -> Self {
        Self { error: Error::from(fault.clone()).into(), fault: Some(fault), ghost: None, once: false }
    }
}

impl Unit<'_> {
    fn tell(&self, event: &Event) {
        self.observers.iter().for_each(|observer| observer.observe(event));
    }
}

async fn attempt<T, E, F, Fut>(
    unit: &Unit<'_>,
    lease: BackendLease,
    connected: Instant,
    work: &F,
) -> Result<T, Failed<E>>
where
    F: Fn(Transaction) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    T: Send,
    E: From<Error> + Send,
{
    let attempt = Attempt::new(lease, unit.backend.clone());
    // Whatever happens to this future from here on, the handles must not outlive it: a handle that escaped would
    // otherwise keep the connection.
    let ended = EndOnDrop(&attempt);
    let result = timeout_at(unit.deadline, work(Transaction::new(Arc::clone(&attempt)))).await;
    let remains = ended.0.end();
    let once = remains.once;
    let fail = |fault: Fault| Failed { once, ..Failed::of(fault) };
    let Some(mut lease) = remains.lease else {
        let cause = "the closure returned while a statement of it was still running";
        return Err(fail(Fault::new(Class::RolledBack, Step::Statement, cause)));
    };
    match result {
        Ok(Ok(value)) if remains.cancelled => {
            drop(value);
            roll_back(&mut lease, unit.deadline).await;
            let cause = "a statement of the transaction was cancelled before its end, so it was rolled back";
            Err(fail(Fault::new(Class::RolledBack, Step::Commit, cause)))
        }
        Ok(Ok(value)) => match commit(lease, unit.options, unit.deadline, unit.backend, unit.observers).await
        {
            Ok(()) => Ok(value),
            Err(fault) => Err(fail(fault)),
        },
        Ok(Err(error)) => {
            let lost = remains.fault.as_ref().is_some_and(|fault| fault.class() == Class::ConnectionLost);
            let ghost = lease.ghost().filter(|_| lost);
            roll_back(&mut lease, unit.deadline).await;
            Err(Failed { error, fault: remains.fault, ghost, once })
        }
        Err(_) => Err(fail(out_of_time(Step::Statement, connected))),
    }
}

/// Rolls back before the caller goes on, so that its locks are gone. When that fails, the pool will see to it.
async fn roll_back(lease: &mut BackendLease, deadline: Instant) {
    let limit = deadline.min(Instant::now() + ROLLBACK_PATIENCE);
    match timeout_at(limit, lease.rollback()).await {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => lease.judge(&fault),
        Err(_) => tracing::debug!("ROLLBACK was not answered in time; the pool ends the transaction"),
    }
}

/// Says how long the work had its connection: when that is a small part of its time, the wait for one was too long
/// and not the work.
fn out_of_time(step: Step, connected: Instant) -> Fault {
    let had = connected.elapsed().as_millis();
    let summary =
        format!("the deadline of the work passed {had} ms after it had a connection; nothing was committed");
    Fault::new(Class::Timeout, step, summary)
}

/// How often another try is worth it.
struct Retries<'a> {
    unit: &'a Unit<'a>,
    backoff: Backoff,
    attempt: u32,
}

impl<'a> Retries<'a> {
    const fn new(unit: &'a Unit<'a>) -> Self {
        Self { unit, backoff: Backoff::replay(), attempt: 0 }
    }

    /// Waits before the next attempt; false when there shall be none.
    async fn pause(&mut self, fault: &Fault) -> bool {
        self.attempt += 1;
        let verdict = fault.verdict();
        let delay = match verdict {
            // The first time, another connection may do better right now.
            Verdict::RetryElsewhere if self.attempt == 1 => Duration::ZERO,
            Verdict::RetryElsewhere | Verdict::RetryLater => match self.backoff.next() {
                Some(delay) => delay,
                None => return false,
            },
            Verdict::GiveUp | Verdict::OutcomeUnknown => return false,
        };
        let allowed = self.unit.options.max_retries.is_none_or(|most| self.attempt <= most);
        if !allowed || Instant::now() + delay >= self.unit.deadline {
            return false;
        }
        let operation = self.unit.operation;
        let event = Event::Retried { operation, attempt: self.attempt, fault: fault.clone(), verdict, delay };
        self.unit.tell(&event);
        sleep(delay).await;
        true
    }
}

/// Ends the attempt also when the future that runs it is dropped.
struct EndOnDrop<'a>(&'a Attempt);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        drop(self.0.end());
    }
}

/// A ROLLBACK is not waited for any longer; the pool ends the transaction in any case.
const ROLLBACK_PATIENCE: Duration = Duration::from_millis(500);
