//! The handle that a closure works with.

use std::sync::Arc;

use super::attempt::Attempt;
use super::statement::{Batch, Execute, Query};
use crate::error::Error;
use crate::outcome::Ticket;
use crate::sql::{Row, Value};

/// A transaction in progress. Owned and cheap to clone, so that a closure may move it; inert once the attempt
/// it belongs to is over.
///
/// Statements that are issued at the same time run one after the other, in order. Transaction control is not
/// accepted as a statement (see [`SqlConnection`](crate::sql::SqlConnection)): the closure's result decides
/// between COMMIT and ROLLBACK. Savepoints are statements like others: `SAVEPOINT a`, `ROLLBACK TO a`. A unit of work
/// that is run inside another is a transaction of its own, on a connection of its own.
///
/// # Cancel safety
/// A statement whose future is dropped before its end leaves its effect in doubt: the transaction is then
/// rolled back, whatever the closure returns.
#[derive(Debug, Clone)]
pub struct Transaction {
    attempt: Arc<Attempt>,
}

impl Transaction {
    pub(super) const fn new(attempt: Arc<Attempt>) -> Self {
        Self { attempt }
    }

    /// Runs a statement and gives its rows.
    ///
    /// # Errors
    /// The database's fault, or [`Error::Inert`] after the attempt is over.
    pub async fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
        self.attempt.with(Query { sql, params }).await
    }

    /// Runs a statement that gives at most one row.
    ///
    /// # Errors
    /// As [`query`](Self::query), and [`Error::RowCount`] when there are more.
    pub async fn query_opt(&self, sql: &str, params: &[Value]) -> Result<Option<Row>, Error> {
        at_most_one(self.query(sql, params).await?)
    }

    /// Runs a statement that gives exactly one row.
    ///
    /// # Errors
    /// As [`query`](Self::query), and [`Error::RowCount`] when there is another number.
    pub async fn query_one(&self, sql: &str, params: &[Value]) -> Result<Row, Error> {
        exactly_one(self.query(sql, params).await?)
    }

    /// Runs a statement and gives the number of rows that it affected.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn execute(&self, sql: &str, params: &[Value]) -> Result<u64, Error> {
        self.attempt.with(Execute { sql, params }).await
    }

    /// Runs several statements without parameters, separated by semicolons.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.attempt.with(Batch { sql }).await
    }

    /// With what the outcome of this attempt can be asked for later, also by another process and after this one has
    /// ended: to be kept before something is done that depends on it. `None` before the first change, while a statement
    /// runs, when the attempt is over, and where there is no such thing.
    #[must_use]
    pub fn ticket(&self) -> Option<Ticket> {
        self.attempt.ticket()
    }

    /// Says that the closure is about to do something outside the database that must not happen twice: whatever
    /// becomes of this attempt, the work is not run again. The error then tells whether it was committed.
    pub fn once(&self) {
        self.attempt.forbid_another();
    }
}

/// The row of a result that must not have more than one.
pub(crate) fn at_most_one(mut rows: Vec<Row>) -> Result<Option<Row>, Error> {
    match rows.len() {
        0 | 1 => Ok(rows.pop()),
        found => Err(Error::RowCount { expected: "at most one row", found }),
    }
}

/// The row of a result that must have exactly one.
pub(crate) fn exactly_one(rows: Vec<Row>) -> Result<Row, Error> {
    let found = rows.len();
    at_most_one(rows)?.ok_or(Error::RowCount { expected: "one row", found })
}
