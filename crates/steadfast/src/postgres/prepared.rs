//! A prepared statement, with what depends on its text and its columns alone and need not be found out on each use.

use std::sync::Arc;

use tokio_postgres::Statement;

use crate::error::Fault;
use crate::sql::Columns;

use super::columns;
use super::script::Script;

/// Good for the connection that prepared it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) statement: Statement,
    pub(super) script: Script,
    /// The names of its columns, or why their values cannot be read.
    columns: Result<Columns, Fault>,
}

impl Prepared {
    pub(super) fn new(statement: Statement, script: Script) -> Arc<Self> {
        let columns = columns::check(statement.columns());
        Arc::new(Self { statement, script, columns })
    }

    /// The names of its columns.
    ///
    /// # Errors
    /// A column is of a type that cannot be read.
    pub(super) fn columns(&self) -> Result<&Columns, Fault> {
        self.columns.as_ref().map_err(Clone::clone)
    }
}
