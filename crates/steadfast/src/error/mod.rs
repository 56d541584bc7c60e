//! Errors. Each says what happened, the likely cause and the remedy, and answers by its
//! [`Verdict`] what the caller may do. None carries a password or a whole URL.

mod acquire;
mod config;
mod fault;

pub use acquire::{AcquireError, AcquireFailure, Holder, Phase};
pub use config::ConfigError;
pub use fault::Fault;

use crate::outcome::Ticket;
use crate::verdict::Verdict;

/// Everything that a [`Database`](crate::Database) or [`Session`](crate::Session) can fail with.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration was refused; nothing was opened.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No connection could be had in time.
    #[error(transparent)]
    Acquire(#[from] AcquireError),
    /// The database, or the way to it, failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A transaction handle was used after its attempt was over. A bug in the caller: the handle left the closure.
    #[error("this transaction is over: its handle was used after the closure had returned")]
    Inert,
    /// A column was not there, or not of the type asked for.
    #[error("column {column}: {problem}")]
    Column {
        /// Name or number of the column.
        column: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A statement that must give exactly one row gave another number.
    #[error("expected {expected}, the statement gave {found} rows")]
    RowCount {
        /// What was expected, in words.
        expected: &'static str,
        /// How many rows there were.
        found: usize,
    },
}

impl Error {
    /// What the caller may do.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Acquire(error) => error.verdict(),
            Self::Fault(fault) => fault.verdict(),
            Self::Config(_) | Self::Inert | Self::Column { .. } | Self::RowCount { .. } => Verdict::GiveUp,
        }
    }

    /// With which the outcome can be asked for, when it is unknown and was noted well enough: see
    /// [`Database::resolve`](crate::Database::resolve).
    #[must_use]
    pub fn ticket(&self) -> Option<&Ticket> {
        match self {
            Self::Fault(fault) => fault.ticket(),
            Self::Acquire(_)
            | Self::Config(_)
            | Self::Inert
            | Self::Column { .. }
            | Self::RowCount { .. } => None,
        }
    }

    /// The database's part in it, when there is one.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Fault(fault) => Some(fault),
            Self::Acquire(error) => error.last_connect(),
            Self::Config(_) | Self::Inert | Self::Column { .. } | Self::RowCount { .. } => None,
        }
    }
}
