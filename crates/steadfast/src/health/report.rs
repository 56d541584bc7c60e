//! What is known of the health at one moment, and what it amounts to.

use crate::event::Incident;
use crate::pool::{Reachability, Status};
use crate::time::Duration;

/// The health in one word, as `application/health+json` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Health {
    /// Requests are served.
    Pass,
    /// Requests are served, but somebody should look.
    Warn,
    /// Requests are not served.
    Fail,
}

/// Why the health is not a plain pass. The texts say nothing that a stranger must not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// The first probe has not come back yet.
    Starting,
    /// The schema has not been set up yet.
    SchemaNotReady,
    /// No connection to the database works.
    Unreachable,
    /// New connections fail; those that are open still work.
    NoNewConnections,
    /// The database was reached, but the last probe failed.
    ProbeFailed,
    /// All connections are in use and callers wait.
    Saturated,
    /// The program is shutting down.
    Draining,
}

/// A cached count of rows, as proof of real access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Count {
    /// How many.
    pub value: i64,
    /// How long ago they were counted.
    pub age: Duration,
}

/// Everything that is known. What of it may be shown to whom is decided where it is shown.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// How long the last successful probe took.
    pub response_time: Option<Duration>,
    /// How long ago the last probe came back, and whether it succeeded.
    pub probed: Option<(Duration, bool)>,
    /// The pool, now.
    pub pool: Status,
    /// The version of the server that answered last.
    pub server_version: Option<String>,
    /// The cached count, if one was asked for.
    pub count: Option<Count>,
    /// How many connections the server lets everybody together have, and how many there were; PostgreSQL only, as long
    /// as somebody asks for details.
    pub server_limit: Option<(u64, u64)>,
    /// The last incident, which may still last.
    pub incident: Option<Incident>,
    /// Whether the schema is set up.
    pub schema_ready: bool,
    /// Whether any probe has ever succeeded.
    pub was_reached: bool,
    /// Whether the program is shutting down.
    pub draining: bool,
}

impl Report {
    /// What is wrong, the worst first; `None` when nothing is.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        let unreachable = matches!(self.pool.reachability, Reachability::Unreachable { .. });
        let live = self.pool.idle + self.pool.leased + self.pool.cleaning;
        let saturated = self.pool.waiting > 0 && self.pool.leased >= self.pool.capacity();
        if self.draining {
            Some(Trouble::Draining)
        } else if unreachable && live == 0 {
            Some(Trouble::Unreachable)
        } else if self.probed.is_none() {
            Some(Trouble::Starting)
        } else if !self.schema_ready {
            Some(Trouble::SchemaNotReady)
        } else if saturated {
            Some(Trouble::Saturated)
        } else if self.probed.is_some_and(|(_, good)| !good) {
            Some(Trouble::ProbeFailed)
        } else if unreachable {
            Some(Trouble::NoNewConnections)
        } else {
            None
        }
    }

    /// The health in one word.
    #[must_use]
    pub fn health(&self) -> Health {
        match self.trouble() {
            None => Health::Pass,
            Some(trouble) => trouble.health(),
        }
    }

    /// True when a request would be served now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.health() != Health::Fail && !self.draining
    }

    /// True once the program has fully started: the schema is ready and the database was reached.
    #[must_use]
    pub const fn is_started(&self) -> bool {
        self.schema_ready && self.was_reached
    }
}

impl Trouble {
    /// How bad it is.
    #[must_use]
    pub const fn health(self) -> Health {
        match self {
            Self::Starting | Self::SchemaNotReady | Self::Unreachable | Self::ProbeFailed => Health::Fail,
            Self::NoNewConnections | Self::Saturated | Self::Draining => Health::Warn,
        }
    }

    /// It in words for anybody.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Starting => "the database has not been probed yet",
            Self::SchemaNotReady => "the schema has not been set up yet",
            Self::Unreachable => "the database cannot be reached; reconnecting",
            Self::NoNewConnections => "new connections fail; open ones still work",
            Self::ProbeFailed => "the last probe of the database failed",
            Self::Saturated => "all connections are in use and requests wait",
            Self::Draining => "the service is shutting down",
        }
    }
}
