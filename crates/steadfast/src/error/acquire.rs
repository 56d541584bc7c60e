//! Why no connection could be had.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use crate::error::Fault;
use crate::time::Duration;
use crate::verdict::{Class, Verdict};

/// No connection within the caller's deadline.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AcquireError {
    /// Why the wait ended.
    pub failure: AcquireFailure,
    /// What the pool was doing for this caller when it ended.
    pub phase: Phase,
    /// How long the caller had waited.
    pub waited: Duration,
    /// Connections in use at that moment.
    pub leased: usize,
    /// The most connections that the pool may hold.
    pub capacity: usize,
    /// Other callers waiting at that moment.
    pub waiting: usize,
    /// Connections that the caller's own task had acquired and not given back: when all others are held likewise,
    /// it waits for itself.
    pub held_by_caller: usize,
    /// Who holds the connections, longest first; empty unless leak tracking is on.
    pub holders: Vec<Holder>,
    /// The last connect error of a pool that cannot connect at present.
    pub(crate) last_connect: Option<Box<Fault>>,
    /// Why connecting failed during the wait, when it does not any more, and how long ago that ended.
    pub(crate) recovered: Option<(Box<Fault>, Duration)>,
}

/// Why the wait for a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AcquireFailure {
    /// The deadline passed.
    TimedOut,
    /// `max_waiters` callers were waiting already.
    QueueFull,
    /// The pool is closed, or was closed while the caller waited.
    Closed,
    /// Connecting fails for a reason that no waiting will change.
    Permanent,
}

impl AcquireFailure {
    /// The reason as logs and metrics have it: a fixed word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::QueueFull => "queue_full",
            Self::Closed => "closed",
            Self::Permanent => "permanent",
        }
    }
}

/// What the pool was doing for a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// All connections were in use.
    Waiting,
    /// A connection was being opened.
    Opening,
    /// An idle connection was being verified.
    Verifying,
}

/// Somebody who holds a connection.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Holder {
    /// Where `acquire` was called.
    pub location: &'static Location<'static>,
    /// The task that called it, as tokio names it; `None` outside a task.
    pub task: Option<tokio::task::Id>,
    /// For how long it has been held.
    pub held: Duration,
}

impl AcquireError {
    /// An error without holders or a connect error.
    #[must_use]
    pub fn new(failure: AcquireFailure, phase: Phase, waited: Duration) -> Self {
        Self {
            failure,
            phase,
            waited,
            leased: 0,
            capacity: 0,
            waiting: 0,
            held_by_caller: 0,
            holders: Vec::new(),
            last_connect: None,
            recovered: None,
        }
    }

    /// A single try to connect failed.
    #[must_use]
    pub fn connecting_failed(fault: Fault, waited: Duration) -> Self {
        let failure = match fault.class() {
            Class::Permanent => AcquireFailure::Permanent,
            Class::ConnectionLost
            | Class::Unreachable
            | Class::Unavailable
            | Class::Capacity
            | Class::ReadOnlyServer
            | Class::Conflict
            | Class::Timeout
            | Class::RolledBack
            | Class::Statement => AcquireFailure::TimedOut,
        };
        Self { last_connect: Some(Box::new(fault)), ..Self::new(failure, Phase::Opening, waited) }
    }

    /// Why connecting failed last, when the pool cannot connect at present.
    #[must_use]
    pub fn last_connect(&self) -> Option<&Fault> {
        self.last_connect.as_deref()
    }

    /// True when all connections were in use and the caller's own task held one of them: it may have waited for
    /// itself. A lease counts for the task that acquired it, also when another has it by now; what was acquired
    /// outside a task, as in `Runtime::block_on`, is not known.
    #[must_use]
    pub const fn waits_for_itself(&self) -> bool {
        self.held_by_caller > 0 && self.leased >= self.capacity
    }

    /// What the caller may do. Nothing was sent, so nothing can have been applied.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.failure {
            AcquireFailure::TimedOut | AcquireFailure::QueueFull => Verdict::RetryLater,
            AcquireFailure::Closed | AcquireFailure::Permanent => Verdict::GiveUp,
        }
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.phase {
            Phase::Waiting => "waiting for one to be returned",
            Phase::Opening => "opening one",
            Phase::Verifying => "verifying one",
        };
        let waited = self.waited.as_secs_f64();
        match self.failure {
            AcquireFailure::TimedOut => write!(f, "no connection after {waited:.1} s of {phase}")?,
            AcquireFailure::QueueFull => {
                write!(f, "no connection: {} callers are waiting already (max_waiters)", self.waiting)?;
            }
            AcquireFailure::Closed => return f.write_str("no connection: the pool is closed"),
            AcquireFailure::Permanent => write!(f, "no connection, and waiting will not help")?,
        }
        let capacity: &dyn fmt::Display =
            if self.capacity == usize::MAX { &"unlimited" } else { &self.capacity };
        write!(f, "; {} of {capacity} connections in use, {} waiting", self.leased, self.waiting)?;
        if self.waits_for_itself() {
            let held = self.held_by_caller;
            write!(
                f,
                "; this task holds {held} of them itself and waits for another, which deadlocks once all holders do: \
                 give it back first, or pass it on"
            )?;
        }
        if let Some(fault) = &self.last_connect {
            write!(f, "; connecting fails: {fault}")?;
        } else if let Some((fault, ago)) = &self.recovered {
            write!(f, "; connecting failed until {} ms ago: {fault}", ago.as_millis())?;
        } else if self.failure == AcquireFailure::TimedOut && self.leased >= self.capacity {
            f.write_str(
                "; connections are held for too long or leak (switch on leak_tracking), or size is too small",
            )?;
        }
        for holder in &self.holders {
            write!(f, "; held for {:.1} s by {}", holder.held.as_secs_f64(), holder.location)?;
            if let Some(task) = holder.task {
                write!(f, " (task {task})")?;
            }
        }
        Ok(())
    }
}

impl StdError for AcquireError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.last_connect.as_deref().map(|fault| fault as &(dyn StdError + 'static))
    }
}
