//! The events, and who may take notice of them.

use std::fmt;
use std::panic::Location;

use parking_lot::Mutex;

use crate::error::Fault;
use crate::outcome::Outcome;
use crate::time::{Duration, Instant};
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
    /// A caller gave up waiting for a connection.
    AcquireFailed {
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
}

/// An observer that writes every event to `tracing` with stable field names. Of what belongs to one incident only the
/// first sign is told at the usual level.
#[derive(Debug, Default)]
pub struct TracingObserver {
    /// When an incident last showed itself. Held for moments only.
    last_sign: Mutex<Option<Instant>>,
}

impl TracingObserver {
    /// True when this is not just another sign of what was told a moment ago.
    fn is_news(&self) -> bool {
        let now = Instant::now();
        let last = self.last_sign.lock().replace(now);
        last.is_none_or(|last| now - last >= SAME_INCIDENT)
    }
}

impl Observer for TracingObserver {
    fn observe(&self, event: &Event) {
        match event {
            Event::Opened { took } => tracing::debug!(took_ms = millis(*took), "connection opened"),
            Event::OpenFailed { attempt, fault, next_in } => tracing::debug!(
                attempt,
                %fault,
                next_in_ms = next_in.map(millis),
                "connection could not be opened"
            ),
            Event::Closed { cause, age } => {
                tracing::debug!(?cause, age_ms = millis(*age), "connection closed");
            }
            Event::Verified { took } => tracing::trace!(took_ms = millis(*took), "connection verified"),
            Event::Suspected { generation, fault: Some(fault) } if self.is_news() => {
                tracing::info!(generation, %fault, "a connection was lost; the others are verified before reuse");
            }
            Event::Suspected { generation, fault } => {
                let fault = fault.as_ref().map(tracing::field::display);
                tracing::debug!(generation, fault, "connections are suspect and verified before reuse");
            }
            Event::IncidentBegan { fault } => {
                self.is_news();
                tracing::warn!(%fault, "the database cannot be reached; reconnecting");
            }
            Event::IncidentEnded { lasted, attempts } => {
                tracing::info!(lasted_ms = millis(*lasted), attempts, "the database is reachable again");
            }
            Event::AcquireFailed { waited } => {
                tracing::debug!(waited_ms = millis(*waited), "no connection in time");
            }
            Event::HeldWhileWaiting { location, held } => tracing::warn!(
                %location,
                held,
                "a task that holds a connection waits for another, and all are in use: that can deadlock"
            ),
            Event::Retried { attempt, fault, verdict, delay } => tracing::info!(
                attempt,
                %fault,
                ?verdict,
                delay_ms = millis(*delay),
                "work is tried again"
            ),
            Event::OutcomeResolved { outcome, took } if outcome.is_known() => tracing::info!(
                outcome = outcome.name(),
                took_ms = millis(*took),
                "the answer to a COMMIT was lost, and its outcome found out"
            ),
            Event::OutcomeResolved { outcome, took } => {
                tracing::warn!(%outcome, took_ms = millis(*took), "the answer to a COMMIT was lost");
            }
            Event::CommittedUnreplicated => {
                tracing::warn!("committed without the synchronous standby: its wait was cancelled");
            }
            Event::Fenced { in_doubt } => {
                tracing::info!(in_doubt, "what a lost connection had left behind on the server was ended");
            }
        }
    }
}

/// Connections that a restart ends go one after the other.
const SAME_INCIDENT: Duration = Duration::from_secs(1);

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
