//! What an application holds: a pool for the configured backend, and units of work on it.

use crate::config::Config;
use crate::error::{ConfigError, Error};
use crate::sql::{Row, TransactionOptions, Value};
use crate::time::Instant;
use crate::transaction::Transaction;

/// A database: PostgreSQL or SQLite, whichever the configuration names. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {}

/// Which kind of database it is, for the few statements that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BackendKind {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

impl Database {
    /// Which kind of database the configuration chose.
    #[must_use]
    pub fn backend(&self) -> BackendKind {
        todo!()
    }

    /// Closes the pool: no new lease, idle connections at once, leased ones on return, all of them at the
    /// deadline.
    pub async fn close(&self, deadline: Instant) {
        let _ = deadline;
        todo!()
    }

    /// Makes a database of a configuration. Connects to nothing yet; the pool opens connections as they are
    /// needed. Call it within a tokio runtime.
    ///
    /// # Errors
    /// Names the option that cannot work.
    pub fn open(config: &Config) -> Result<Self, ConfigError> {
        let _ = config;
        todo!()
    }

    /// Reads with one statement, in a transaction that the server keeps read-only. Tried again when the
    /// connection is lost, until the deadline (`None`: the pool's `acquire_timeout` from now).
    ///
    /// # Errors
    /// The last fault, or why no connection could be had.
    pub async fn query(&self, sql: &str, params: &[Value], deadline: Option<Instant>) -> Result<Vec<Row>, Error> {
        let _ = (sql, params, deadline);
        todo!()
    }

    /// Reads in a read-only transaction, and begins again when the connection is lost.
    ///
    /// # Errors
    /// The closure's own error unchanged; else the last fault, or why no connection could be had.
    pub async fn read<T, E, F, Fut>(&self, deadline: Option<Instant>, work: F) -> Result<T, E>
    where
        F: Fn(Transaction) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        T: Send,
        E: From<Error> + Send,
    {
        let _ = (deadline, work);
        todo!()
    }

    /// Runs a transaction, and runs it again when it is proven that nothing was committed and another try
    /// may do better.
    ///
    /// # Errors
    /// The closure's own error unchanged, after a rollback; else the last fault (with the verdict
    /// [`OutcomeUnknown`](crate::Verdict::OutcomeUnknown) when the connection was lost after COMMIT had been
    /// sent), or why no connection could be had.
    pub async fn transaction<T, E, F, Fut>(
        &self,
        options: TransactionOptions,
        deadline: Option<Instant>,
        work: F,
    ) -> Result<T, E>
    where
        F: Fn(Transaction) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        T: Send,
        E: From<Error> + Send,
    {
        let _ = (options, deadline, work);
        todo!()
    }
}
