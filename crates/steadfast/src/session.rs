//! One request's view of the database: at most one connection and one transaction at a time, and nothing left
//! behind however the request ends.

use std::sync::Arc;

use crate::backend::{Backend, BackendLease};
use crate::error::{Error, Fault};
use crate::event::{Observer, Operation, Stopwatch};
use crate::sql::{Row, SqlConnection, TransactionOptions, Value};
use crate::time::{Instant, timeout_at};
use crate::transaction::{Execute, Query, Statement, at_most_one, commit, exactly_one};
use crate::verdict::{Class, Step, Verdict};

/// A session. It takes no connection before its first statement, which begins a transaction; [`commit`](Self::commit) or
/// [`rollback`](Self::rollback) ends that one, and the next statement begins another.
///
/// What was not committed when the session is dropped is rolled back, whatever the reason: a return, an error, a
/// panic, a time-out, a client that hung up. Dropping does no I/O and cannot fail; the pool does the cleaning.
///
/// Unlike [`Database::transaction`](crate::Database::transaction) a session cannot repeat what its owner did, so it
/// repeats nothing but the very first statement of a transaction.
#[derive(Debug)]
pub struct Session {
    backend: Backend,
    observers: Arc<[Arc<dyn Observer>]>,
    options: TransactionOptions,
    deadline: Option<Instant>,
    lease: Option<BackendLease>,
    /// A statement is running; still set when the next begins: the future of the one before was dropped.
    running: bool,
}

impl Session {
    pub(crate) const fn new(
        backend: Backend,
        observers: Arc<[Arc<dyn Observer>]>,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            backend,
            observers,
            options: TransactionOptions::read_write(),
            deadline,
            lease: None,
            running: false,
        }
    }

    /// Sets how the next transactions run.
    pub const fn set_options(&mut self, options: TransactionOptions) {
        self.options = options;
    }

    /// Whether a transaction is open.
    #[must_use]
    pub const fn in_transaction(&self) -> bool {
        self.lease.is_some()
    }

    /// Runs a statement and gives its rows.
    ///
    /// # Errors
    /// The fault, or why no connection could be had. After a lost connection the transaction is over: what was
    /// done in it has to be done again.
    ///
    /// # Cancel safety
    /// A statement whose future is dropped ends the transaction by a rollback.
    pub async fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
        self.run(Query { sql, params }).await
    }

    /// Runs a statement that gives at most one row.
    ///
    /// # Errors
    /// As [`query`](Self::query), and [`Error::RowCount`] when there are more.
    pub async fn query_opt(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, Error> {
        at_most_one(self.query(sql, params).await?)
    }

    /// Runs a statement that gives exactly one row.
    ///
    /// # Errors
    /// As [`query`](Self::query), and [`Error::RowCount`] when there is another number.
    pub async fn query_one(&mut self, sql: &str, params: &[Value]) -> Result<Row, Error> {
        exactly_one(self.query(sql, params).await?)
    }

    /// Runs a statement and gives the number of rows that it affected.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Error> {
        self.run(Execute { sql, params }).await
    }

    /// Commits. Without an open transaction it does nothing.
    ///
    /// # Errors
    /// With the verdict [`OutcomeUnknown`](Verdict::OutcomeUnknown): the answer to COMMIT was lost, and what became of it
    /// could not be found out in time; the error's [`ticket`](Error::ticket) asks again. Every other error: nothing was
    /// committed.
    ///
    /// # Cancel safety
    /// When the future is dropped, COMMIT goes on in the background.
    pub async fn commit(&mut self) -> Result<(), Error> {
        let Some(lease) = self.lease.take() else {
            return Ok(());
        };
        if std::mem::take(&mut self.running) {
            let cause = "a statement of the transaction was cancelled before its end, so it was rolled back";
            return Err(Fault::new(Class::RolledBack, Step::Commit, cause).into());
        }
        Ok(commit(lease, self.options, self.next_deadline(), &self.backend, &self.observers).await?)
    }

    /// Rolls back, now. Without an open transaction it does nothing.
    ///
    /// # Errors
    /// None that matters to the caller: a connection that cannot roll back is closed, which rolls back too.
    ///
    /// # Cancel safety
    /// The pool rolls back what this did not.
    pub async fn rollback(&mut self) {
        let deadline = self.next_deadline();
        let Some(mut lease) = self.lease.take() else {
            return;
        };
        if std::mem::take(&mut self.running) {
            return;
        }
        if let Ok(Err(fault)) = timeout_at(deadline, lease.rollback()).await {
            lease.judge(&fault);
        }
    }

    async fn run<S: Statement>(&mut self, statement: S) -> Result<S::Output, Error> {
        let observers = Arc::clone(&self.observers);
        let mut watch = Stopwatch::start(&observers, Operation::Session);
        let result = self.run_unmeasured(statement).await;
        watch.ended(&result);
        result
    }

    async fn run_unmeasured<S: Statement>(&mut self, statement: S) -> Result<S::Output, Error> {
        if std::mem::take(&mut self.running) {
            self.lease = None;
            let cause = "the statement before this one was cancelled, so the transaction was rolled back";
            return Err(Fault::new(Class::RolledBack, Step::Statement, cause).into());
        }
        let deadline = self.next_deadline();
        let mut first = self.lease.is_none();
        loop {
            let lease = match &mut self.lease {
                Some(lease) => lease,
                None => {
                    let mut lease = self.backend.acquire_until(deadline).await?;
                    lease.begin(self.options).await?;
                    self.lease.insert(lease)
                }
            };
            self.running = true;
            let result = timeout_at(deadline, statement.run(lease)).await;
            self.running = false;
            let fault = match result {
                Ok(Ok(output)) => return Ok(output),
                Ok(Err(fault)) => fault,
                Err(_) => {
                    Fault::new(Class::Timeout, Step::Statement, "the deadline passed; nothing was committed")
                }
            };
            lease.judge(&fault);
            if fault.class() == Class::Timeout || fault.class().condemns_connection() {
                self.lease = None;
            }
            // Nothing was done in this transaction before, and its COMMIT was not sent: it may as well begin anew.
            if !std::mem::take(&mut first) || fault.verdict() != Verdict::RetryElsewhere {
                return Err(fault.into());
            }
        }
    }

    fn next_deadline(&self) -> Instant {
        self.deadline.unwrap_or_else(|| self.backend.acquire_deadline())
    }
}
