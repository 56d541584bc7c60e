//! Figures that are taken for every checkout and every unit of work, apart from the events: they are too many for
//! those.

use crate::time::Duration;
use crate::verdict::{Class, Verdict};

/// A figure.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Measurement {
    /// A caller got a connection.
    Acquired {
        /// How long it had waited; zero when one was at hand.
        waited: Duration,
    },
    /// A caller gave a connection back.
    Returned {
        /// How long it had it.
        used: Duration,
    },
    /// A unit of work came to its end.
    Worked {
        /// What kind of work.
        operation: Operation,
        /// How long it took, with all waits and all attempts.
        took: Duration,
        /// How it ended.
        ending: Ending,
    },
}

/// The kinds of work that are measured apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// One reading statement.
    Query,
    /// A read-only transaction.
    Read,
    /// A transaction that may write.
    Transaction,
    /// A statement in a session.
    Session,
}

/// How a unit of work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// As wanted.
    Done,
    /// The database or the pool could not do it.
    Failed(Class),
    /// Its COMMIT was sent, and nobody knows what became of it.
    Unknown,
    /// The caller's own code ended it by an error.
    Refused,
    /// Its future was dropped.
    Abandoned,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Query, Self::Read, Self::Transaction, Self::Session];

    /// The kind as logs and metrics have it: a fixed word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Read => "read",
            Self::Transaction => "transaction",
            Self::Session => "session",
        }
    }
}

impl Ending {
    /// The error as metrics have it: a fixed word, empty when there was none.
    #[must_use]
    pub const fn error_type(self) -> &'static str {
        match self {
            Self::Done => "",
            Self::Failed(class) => class.name(),
            Self::Unknown => "outcome_unknown",
            Self::Refused => "refused",
            Self::Abandoned => "abandoned",
        }
    }

    /// What a fault of this class and verdict is for the work that it ended.
    #[must_use]
    pub const fn of(class: Class, verdict: Verdict) -> Self {
        match verdict {
            Verdict::OutcomeUnknown => Self::Unknown,
            Verdict::RetryElsewhere | Verdict::RetryLater | Verdict::GiveUp => Self::Failed(class),
        }
    }
}
