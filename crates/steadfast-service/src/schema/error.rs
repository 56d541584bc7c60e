//! Why the schema could not be set up.

use steadfast::verdict::{Class, Verdict};
use steadfast::{Error, Fault};

/// Why the schema could not be set up.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The database could not be reached, or refused.
    #[error(transparent)]
    Database(#[from] Error),
    /// There is another table of this name.
    #[error(
        "the database has a table `{table}` that is not this service's: it lacks {}; give the service a database \
         or a schema of its own, or add the columns", .missing.join(", ")
    )]
    ForeignTable {
        /// The table.
        table: &'static str,
        /// The columns that it lacks.
        missing: Vec<&'static str>,
    },
    /// The library knows a kind of database that this service has no schema for.
    #[error("there is no schema for this kind of database; use PostgreSQL or SQLite")]
    UnknownBackend,
    /// A secret could not be made.
    #[error(
        "the system gives no random numbers, of which a secret is made; see what getrandom(2) needs here"
    )]
    NoRandomness,
}

impl SchemaError {
    /// Whether waiting may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match error.verdict() {
            Verdict::RetryElsewhere | Verdict::RetryLater | Verdict::OutcomeUnknown => true,
            // A deadline that passed says nothing about the next one.
            Verdict::GiveUp | _ => {
                error.fault().is_some_and(|fault| matches!(fault.class(), Class::Timeout | Class::RolledBack))
            }
        }
    }

    /// The database's part in it.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Database(error) => error.fault(),
            Self::ForeignTable { .. } | Self::UnknownBackend | Self::NoRandomness => None,
        }
    }
}
