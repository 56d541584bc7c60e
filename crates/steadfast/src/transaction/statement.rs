//! Statements as values, so that one piece of code can run any of them on a borrowed connection.

use crate::backend::BackendLease;
use crate::error::Fault;
use crate::sql::{Row, SqlConnection, Value};

/// Something that can be run on a connection.
pub(crate) trait Statement: Send {
    /// What it gives.
    type Output: Send;

    /// Runs it. May be called again when the first run is known to have left nothing behind.
    fn run(&self, lease: &mut BackendLease) -> impl Future<Output = Result<Self::Output, Fault>> + Send;
}

/// A statement that gives rows.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    pub(crate) sql: &'a str,
    pub(crate) params: &'a [Value],
}

/// A statement that gives the number of rows it affected.
#[derive(Debug)]
pub(crate) struct Execute<'a> {
    pub(crate) sql: &'a str,
    pub(crate) params: &'a [Value],
}

/// Several statements without parameters.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) sql: &'a str,
}

impl Statement for Query<'_> {
    type Output = Vec<Row>;

    async fn run(&self, lease: &mut BackendLease) -> Result<Vec<Row>, Fault> {
        lease.query(self.sql, self.params).await
    }
}

impl Statement for Execute<'_> {
    type Output = u64;

    async fn run(&self, lease: &mut BackendLease) -> Result<u64, Fault> {
        lease.execute(self.sql, self.params).await
    }
}

impl Statement for Batch<'_> {
    type Output = ();

    async fn run(&self, lease: &mut BackendLease) -> Result<(), Fault> {
        lease.batch(self.sql).await
    }
}
