//! The handle that a closure works with.

use std::sync::Arc;

use crate::error::Error;
use crate::sql::{Row, Value};

/// A transaction in progress. Owned and cheap to clone, so that a closure may move it; inert once the attempt
/// it belongs to is over.
#[derive(Debug, Clone)]
pub struct Transaction {
    attempt: Arc<()>,
}

impl Transaction {
    /// Runs a statement and gives its rows.
    ///
    /// # Errors
    /// The database's fault, or [`Error::Inert`] after the attempt is over.
    pub async fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
        let _ = (sql, params, &self.attempt);
        todo!()
    }

    /// Runs a statement that gives at most one row.
    ///
    /// # Errors
    /// As [`query`](Self::query), and [`Error::RowCount`] when there are more.
    pub async fn query_opt(&self, sql: &str, params: &[Value]) -> Result<Option<Row>, Error> {
        let _ = (sql, params);
        todo!()
    }

    /// Runs a statement that gives exactly one row.
    ///
    /// # Errors
    /// As [`query`](Self::query), and [`Error::RowCount`] when there is another number.
    pub async fn query_one(&self, sql: &str, params: &[Value]) -> Result<Row, Error> {
        let _ = (sql, params);
        todo!()
    }

    /// Runs a statement and gives the number of rows that it affected.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn execute(&self, sql: &str, params: &[Value]) -> Result<u64, Error> {
        let _ = (sql, params);
        todo!()
    }

    /// Runs several statements without parameters, separated by semicolons.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn batch(&self, sql: &str) -> Result<(), Error> {
        let _ = sql;
        todo!()
    }
}
