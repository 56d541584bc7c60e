//! A prepared statement, with what depends on its text and its columns alone and need not be found out on each use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use postgres_types::Type;

use crate::error::Fault;

use super::columns::Reading;
use super::script::Script;

/// Good for the connection that prepared it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) script: Script,
    /// The types of its parameters.
    pub(super) parameters: Box<[Type]>,
    /// Its columns, or why their values cannot be read.
    columns: Result<Reading, Fault>,
}

impl Prepared {
    pub(super) fn new(
        name: String,
        script: Script,
        parameters: Vec<Type>,
        columns: Vec<(String, Type)>,
    ) -> Arc<Self> {
        Arc::new(Self { name, script, parameters: parameters.into(), columns: Reading::of(columns) })
    }

    /// How its rows are read.
    ///
    /// # Errors
    /// A column is of a type that cannot be read.
    pub(super) fn columns(&self) -> Result<&Reading, Fault> {
        self.columns.as_ref().map_err(Clone::clone)
    }
}

/// A name for a prepared statement that no other of this process has. The client of `tokio-postgres` has its own: `s` and a number.
pub(super) fn name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("sf{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
