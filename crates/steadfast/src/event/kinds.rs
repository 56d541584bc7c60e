//! The events, and who may take notice of them.

use std::fmt;
use std::panic::Location;

use super::measurement::{Measurement, Operation};
use crate::error::{AcquireFailure, Fault};
use crate::outcome::Outcome;
use crate::time::Duration;
use crate::verdict::Verdict;

/// Something that happened in a pool or in work done through it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A connection was opened.
    Opened {
        /// How long that took.
        took: Duration,
    },
    /// A connection could not be opened.
    OpenFailed {
        /// The how many-eth failure in a row this is.
        attempt: u32,
        /// Why.
        fault: Fault,
        /// After what time the next try follows; `None` when it waits for somebody to ask.
        next_in: Option<Duration>,
    },
    /// A connection was closed.
    Closed {
        /// Why.
        cause: CloseCause,
        /// How old it was.
        age: Duration,
        /// For how long nobody had used it, when it was found to have ended while nobody did.
        idle: Option<Duration>,
    },
    /// An idle connection answered its ping.
    Verified {
        /// The round trip.
        took: Duration,
    },
    /// The generation was raised: what was opened before is verified before it is used again.
    Suspected {
        /// The new generation.
        generation: u64,
        /// What caused it, as far as a fault did.
        fault: Option<Fault>,
    },
    /// Connecting fails: an incident begins.
    IncidentBegan {
        /// The first failure.
        fault: Fault,
    },
    /// Connecting works again: the incident is over.
    IncidentEnded {
        /// How long it lasted.
        lasted: Duration,
        /// How many tries failed.
        attempts: u32,
    },
    /// A caller got no connection.
    AcquireFailed {
        /// Why not.
        failure: AcquireFailure,
        /// How long it had waited.
        waited: Duration,
    },
    /// A task that holds a connection has waited for another for a while, and all are in use: once all holders do so,
    /// nobody goes on. Told once for each pool.
    HeldWhileWaiting {
        /// Where the task asks for another one.
        location: &'static Location<'static>,
        /// How many it holds.
        held: usize,
    },
    /// A unit of work is tried again.
    Retried {
        /// What kind of work.
        operation: Operation,
        /// The attempt that failed, counted from one.
        attempt: u32,
        /// Why it failed.
        fault: Fault,
        /// What the fault allowed.
        verdict: Verdict,
        /// How long until the next attempt.
        delay: Duration,
    },
    /// The answer to a COMMIT was lost, and its outcome was asked for.
    OutcomeResolved {
        /// What became of the transaction.
        outcome: Outcome,
        /// How long that took to find out.
        took: Duration,
    },
    /// A transaction was committed on the primary, and its wait for a synchronous standby was cancelled: a failover
    /// would lose it.
    CommittedUnreplicated,
    /// What a lost connection had left behind on the server was ended, so that it holds no lock and commits nothing.
    Fenced {
        /// Whether it was found at work on a transaction whose outcome was asked for.
        in_doubt: bool,
    },
}

/// Why a connection was closed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CloseCause {
    /// It reached its greatest age (`recycle`).
    Recycled,
    /// It was idle for `idle_timeout` and more than `min_idle` were.
    IdleTooLong,
    /// It ended by itself, or an operation on it failed so that it cannot be trusted.
    Lost(Fault),
    /// It did not answer its ping in time.
    PingTimedOut,
    /// It came back in a state that could not be cleaned in time.
    NotCleaned(Fault),
    /// `dispose` was called.
    Disposed,
    /// The pool was made smaller, or the connection was surplus.
    Surplus,
    /// The pool is closed.
    PoolClosed,
    /// It was opened by another process: this one is a fork of it.
    Forked,
    /// Its holder asked for it.
    Asked,
}

/// Somebody who wants to know. Called in the task in which the event happens, outside every lock; must not
/// block. A panic in it is not caught.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Takes notice of an event.
    fn observe(&self, event: &Event);

    /// Whether [`measure`](Self::measure) shall be called. Asked once, when the pool is made: as long as nobody
    /// measures, checkout and return read no clock.
    fn is_measuring(&self) -> bool {
        false
    }

    /// Takes notice of a figure. Called for every checkout, return and unit of work, so it must take nanoseconds.
    fn measure(&self, measurement: &Measurement) {
        let _nobody_measures = measurement;
    }
}

impl CloseCause {
    /// The cause as logs and metrics have it: a fixed word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Recycled => "recycled",
            Self::IdleTooLong => "idle_timeout",
            Self::Lost(_) => "lost",
            Self::PingTimedOut => "ping_timed_out",
            Self::NotCleaned(_) => "not_cleaned",
            Self::Disposed => "disposed",
            Self::Surplus => "surplus",
            Self::PoolClosed => "pool_closed",
            Self::Forked => "forked",
            Self::Asked => "asked",
        }
    }

    /// All the names.
    pub const NAMES: [&str; 10] = [
        "recycled",
        "idle_timeout",
        "lost",
        "ping_timed_out",
        "not_cleaned",
        "disposed",
        "surplus",
        "pool_closed",
        "forked",
        "asked",
    ];

    /// True when nobody wanted it: the connection died.
    #[must_use]
    pub const fn is_loss(&self) -> bool {
        match self {
            Self::Lost(_) | Self::PingTimedOut | Self::NotCleaned(_) => true,
            Self::Recycled
            | Self::IdleTooLong
            | Self::Disposed
            | Self::Surplus
            | Self::PoolClosed
            | Self::Forked
            | Self::Asked => false,
        }
    }
}
