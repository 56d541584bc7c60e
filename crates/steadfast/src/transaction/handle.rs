//! The handle that a closure works with.

use std::sync::Arc;

use super::attempt::Attempt;
use super::statement::{Batch, Execute, Query};
use crate::error::{Error, Fault};
use crate::sql::{Row, Value};
use crate::verdict::{Class, Step};

/// A transaction in progress. Owned and cheap to clone, so that a closure may move it; inert once the attempt
/// it belongs to is over.
///
/// Statements that are issued at the same time run one after the other, in order. Transaction control is not
/// accepted as a statement: the closure's result decides between COMMIT and ROLLBACK.
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
        refuse_control(sql)?;
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
        refuse_control(sql)?;
        self.attempt.with(Execute { sql, params }).await
    }

    /// Runs several statements without parameters, separated by semicolons.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn batch(&self, sql: &str) -> Result<(), Error> {
        for statement in sql.split(';') {
            refuse_control(statement)?;
        }
        self.attempt.with(Batch { sql }).await
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

/// A COMMIT that the loop does not know of would make it replay what is committed already.
fn refuse_control(sql: &str) -> Result<(), Error> {
    const CONTROL: [&str; 6] = ["begin", "start", "commit", "end", "rollback", "abort"];
    let sql = sql.trim_start().to_ascii_lowercase();
    let mut words = sql.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let to_savepoint = first == "rollback" && matches!(second, "to");
    let control = CONTROL.contains(&first) || (first == "prepare" && second == "transaction");
    if !control || to_savepoint {
        return Ok(());
    }
    Err(Fault::new(
        Class::Statement,
        Step::Statement,
        format!("{} inside a transaction", first.to_uppercase()),
    )
    .with_remedy("return Ok from the closure to commit and Err to roll back")
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_control_is_refused_and_savepoints_are_not() {
        for sql in
            ["COMMIT", " commit;", "END", "begin", "START TRANSACTION", "rollback", "PREPARE TRANSACTION 'x'"]
        {
            assert!(refuse_control(sql).is_err(), "{sql}");
        }
        for sql in [
            "SELECT 1",
            "ROLLBACK TO SAVEPOINT a",
            "rollback to a",
            "SAVEPOINT a",
            "PREPARE p AS SELECT 1",
            "",
        ] {
            assert!(refuse_control(sql).is_ok(), "{sql}");
        }
    }
}
