//! What a pool looks like at one moment.

use crate::error::Fault;
use crate::time::Duration;

/// A snapshot, taken under one lock: the figures belong together.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Status {
    /// Connections kept open under load.
    pub size: usize,
    /// Connections that may be opened beyond `size`.
    pub max_overflow: usize,
    /// Connections being opened.
    pub opening: usize,
    /// Connections that nobody uses.
    pub idle: usize,
    /// Connections being verified.
    pub verifying: usize,
    /// Connections in callers' hands.
    pub leased: usize,
    /// Connections being brought back to their initial state.
    pub cleaning: usize,
    /// Connections being closed.
    pub closing_connections: usize,
    /// Connections that are verified before they are used again.
    pub suspect: usize,
    /// Callers in the queue.
    pub waiting: usize,
    /// How long the first of them has waited.
    pub longest_wait: Duration,
    /// Raised once per incident.
    pub generation: u64,
    /// Whether connecting works.
    pub reachability: Reachability,
    /// True once the pool was told to close.
    pub closing: bool,
}

impl Status {
    /// The most connections that the pool may hold.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.size.saturating_add(self.max_overflow)
    }

    /// True when all connections that the pool may hold are in callers' hands.
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.leased >= self.capacity()
    }

    /// Connections in every state.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.opening + self.idle + self.verifying + self.leased + self.cleaning + self.closing_connections
    }
}

/// Whether connecting works, as far as it was last tried.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Reachability {
    /// It does, or has not been tried yet.
    #[default]
    Reachable,
    /// It does not.
    Unreachable {
        /// For how long.
        since: Duration,
        /// How many tries have failed.
        attempts: u32,
        /// Why the last one did.
        fault: Fault,
    },
}
