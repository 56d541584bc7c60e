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
    /// Whether openings are held back.
    pub circuit: CircuitState,
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

/// Whether openings are held back because connecting fails, or did until a moment ago.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CircuitState {
    /// They are not.
    #[default]
    Closed,
    /// It works again, and more of them are let through with every success.
    Recovering,
    /// It fails, and one loop tries for all.
    Open,
}

/// One slot at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotStatus {
    /// What happens to the connection in it.
    pub stage: SlotStage,
    /// For how long it has been in this stage, where that is known.
    pub since: Option<Duration>,
    /// How old the connection is; `None` while there is none.
    pub age: Option<Duration>,
    /// Whether it is verified before it is used again.
    pub suspect: bool,
}

/// The stages of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SlotStage {
    /// No connection.
    Vacant,
    /// One is being opened.
    Opening,
    /// Nobody uses it.
    Idle,
    /// It is being asked whether it still works.
    Verifying,
    /// A caller has it.
    Leased,
    /// It is being brought back to its initial state.
    Cleaning,
    /// It is being closed.
    Closing,
}

impl CircuitState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Recovering, Self::Open];

    /// The state as metrics have it: a fixed word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Recovering => "recovering",
            Self::Open => "open",
        }
    }
}
