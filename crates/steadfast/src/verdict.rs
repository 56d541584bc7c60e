//! What an error means: for the connection it happened on ([`Class`]) and for the caller ([`Verdict`]).

use std::fmt;

/// What the caller of a failed operation may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing was applied, and another connection may do better right now.
    RetryElsewhere,
    /// Nothing was applied; the server asked for patience. Retry with backoff.
    RetryLater,
    /// The same operation will fail again. Do not retry.
    GiveUp,
    /// It cannot be known whether the operation was applied. Never retry blindly.
    OutcomeUnknown,
}

/// What kind of thing went wrong. Every connector reports in these terms; the pool decides by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The connection is gone or can no longer be trusted.
    ConnectionLost,
    /// Nobody answered: refused, no route, name not resolved, timed out while connecting.
    Unreachable,
    /// The server answered that it cannot serve now (starting up, shutting down, in recovery).
    Unavailable,
    /// The server has no free connection slot (SQLSTATE 53300). Existing connections are fine.
    Capacity,
    /// Connected to a server that does not accept writes where a primary is expected (SQLSTATE 25006).
    ReadOnlyServer,
    /// Nothing will change without somebody's help: password, database name, TLS, configuration.
    Permanent,
    /// Two transactions were in each other's way (40001, 40P01); all of it may be tried again.
    Conflict,
    /// A deadline passed or the statement was cancelled.
    Timeout,
    /// The COMMIT was answered by a rollback, or the transaction had failed before it.
    RolledBack,
    /// The statement was wrong or refused; the connection is fine.
    Statement,
}

impl Verdict {
    /// The verdict as logs and metrics have it: a fixed word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RetryElsewhere => "retry_elsewhere",
            Self::RetryLater => "retry_later",
            Self::GiveUp => "give_up",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }
}

impl Class {
    /// The class as logs and metrics have it: a fixed word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnectionLost => "connection_lost",
            Self::Unreachable => "unreachable",
            Self::Unavailable => "unavailable",
            Self::Capacity => "capacity",
            Self::ReadOnlyServer => "read_only_server",
            Self::Permanent => "permanent",
            Self::Conflict => "conflict",
            Self::Timeout => "timeout",
            Self::RolledBack => "rolled_back",
            Self::Statement => "statement",
        }
    }

    /// True when the connection on which it happened must not be used again, and those of its age may be affected
    /// as well, so that each is verified before reuse.
    #[must_use]
    pub const fn condemns_connection(self) -> bool {
        match self {
            Self::ConnectionLost | Self::Unreachable | Self::Unavailable | Self::ReadOnlyServer => true,
            Self::Capacity
            | Self::Permanent
            | Self::Conflict
            | Self::Timeout
            | Self::RolledBack
            | Self::Statement => false,
        }
    }

    /// What the caller may do when it is certain that nothing was committed.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::ConnectionLost | Self::ReadOnlyServer => Verdict::RetryElsewhere,
            Self::Unreachable | Self::Unavailable | Self::Capacity | Self::Conflict => Verdict::RetryLater,
            Self::Permanent | Self::Timeout | Self::RolledBack | Self::Statement => Verdict::GiveUp,
        }
    }
}

/// The step of the work in which something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Finding the addresses of a host name.
    Resolve,
    /// Opening the socket, or the database file.
    Dial,
    /// Negotiating TLS and checking the certificate.
    Tls,
    /// Proving who we are.
    Authenticate,
    /// Everything between authentication and the first statement.
    Startup,
    /// Verifying an idle connection.
    Ping,
    /// Running a statement.
    Statement,
    /// Waiting for the answer to COMMIT.
    Commit,
    /// Finding out what became of a transaction.
    Settle,
    /// Bringing a connection back to a clean state.
    Clean,
    /// Saying goodbye.
    Close,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolving the host name",
            Self::Dial => "opening the connection",
            Self::Tls => "negotiating TLS",
            Self::Authenticate => "authenticating",
            Self::Startup => "starting the connection",
            Self::Ping => "verifying an idle connection",
            Self::Statement => "running a statement",
            Self::Commit => "committing",
            Self::Settle => "finding out the outcome of a transaction",
            Self::Clean => "cleaning a connection",
            Self::Close => "closing a connection",
        })
    }
}
