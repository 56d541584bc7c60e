//! The pool as a pure machine: no async, no lock, no clock. It is told what happened and when, and answers
//! with actions for the shell to carry out.
//!
//! # Invariants
//! - A slot is vacant or holds exactly one connection, in one stage; slots never exceed the capacity (but for
//!   what is still in use after the pool was made smaller).
//! - While anybody waits, no connection that is fit for use is idle.
//! - Counts are derived from the slots, never stored.

mod circuit;
mod demand;
mod keeping;
mod leasing;
mod moment;
mod openings;
mod queueing;
mod reports;
mod slot;
mod view;
mod waiters;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;

use smallvec::SmallVec;

use self::circuit::Circuit;
use self::openings::Openings;
use self::slot::{Slot, Stage};
use self::waiters::Waiters;
use crate::config::{PoolOptions, PrePing};
use crate::error::{AcquireFailure, Fault};
use crate::event::{CloseCause, Event};
use crate::time::Duration;

pub(crate) use self::circuit::Outage;
pub(crate) use self::moment::Moment;
pub(crate) use self::openings::Attempt;
pub(crate) use self::slot::{Borrower, SlotId};
pub(crate) use self::waiters::WaiterId;

/// The machine, for connections `C` and wakers `W`.
///
/// The ends of the queue come first, so that they lie on the line of the cache that the pool's lock is on: whoever takes
/// the lock has them.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
#[repr(C)]
pub(crate) struct State<C, W> {
    waiters: Waiters<Answer<C>, W>,
    limits: Limits,
    slots: Vec<Slot<C>>,
    /// Slots in the stage idle, the one last known to work last. An order, not a count.
    idle: Vec<SlotId>,
    generation: u64,
    /// What was opened in a generation below this one is closed instead of being verified.
    disposed: u64,
    circuit: Circuit,
    /// When the last outage ended, and why connecting failed until then.
    recovered: Option<(Moment, Fault)>,
    openings: Openings,
    /// How many connections somebody waits for to be there, without wanting one.
    warming: Vec<usize>,
    closing: bool,
    random: fastrand::Rng,
}

/// The options that the machine itself needs.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) size: usize,
    pub(crate) max_overflow: usize,
    pub(crate) min_idle: usize,
    pub(crate) max_waiters: usize,
    pub(crate) recycle: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) keepalive_ping: Option<Duration>,
    pub(crate) pre_ping: PrePing,
}

/// What a waiter gets in the end.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(crate) enum Answer<C> {
    /// A connection; its slot counts as leased already.
    Granted(SlotId, C),
    /// Nothing, and why.
    Refused(Refusal),
}

/// Why somebody gets no connection.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) failure: AcquireFailure,
    pub(crate) fault: Option<Fault>,
}

impl Refusal {
    pub(crate) const fn closed() -> Self {
        Self { failure: AcquireFailure::Closed, fault: None }
    }
}

/// Something for the shell to do once it has let go of the lock.
#[derive(Debug)]
pub(crate) enum Action<C, W> {
    /// Wake a waiter: it has been answered.
    Wake(W),
    /// Connect, then report `opened` or `open_failed`.
    Open(SlotId, Attempt),
    /// End the task that makes this attempt, unless it has just ended; its end is reported as `open_failed`.
    Abort(Attempt),
    /// Ping, then report `verified` or `lost`; `stalled` in between when it takes long.
    Verify(SlotId, C),
    /// Clean, then report `cleaned` or `lost`; `stalled` in between when it takes long.
    Clean(SlotId, C),
    /// Say goodbye, then report `closed`.
    Close(SlotId, C),
    /// Let go of a connection to which nothing can be said any more.
    Drop(C),
    /// Forget a connection that belongs to another process.
    Abandon(C),
    /// Tell the observers.
    Announce(Event),
}

/// Most calls lead to no action, nearly all others to one or two.
pub(crate) type Actions<C, W> = SmallVec<[Action<C, W>; 2]>;

/// In which state a connection came back, or was found idle.
#[derive(Debug)]
pub(crate) enum Found {
    Ready,
    Dirty,
    Lost(Fault),
}

impl From<&PoolOptions> for Limits {
    fn from(options: &PoolOptions) -> Self {
        Self {
            size: options.size,
            max_overflow: options.max_overflow,
            min_idle: options.min_idle,
            max_waiters: options.max_waiters,
            recycle: options.recycle,
            idle_timeout: options.idle_timeout,
            keepalive_ping: options.keepalive_ping,
            pre_ping: options.pre_ping,
        }
    }
}

impl Limits {
    const fn capacity(&self) -> usize {
        self.size.saturating_add(self.max_overflow)
    }

    /// How many are to be kept idle: a pool that was made smaller keeps fewer.
    fn min_idle(&self) -> usize {
        self.min_idle.min(self.size)
    }
}

impl<C, W> State<C, W> {
    /// An empty pool. The seed decides all jitter, so that a simulation can be run again.
    pub(crate) fn new(limits: Limits, seed: u64) -> Self {
        Self {
            limits,
            slots: Vec::new(),
            idle: Vec::new(),
            waiters: Waiters::new(),
            generation: 1,
            disposed: 1,
            circuit: Circuit::Closed,
            recovered: None,
            openings: Openings::new(),
            warming: Vec::new(),
            closing: false,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// The outage in progress.
    pub(crate) const fn outage(&self) -> Option<&Outage> {
        self.circuit.outage()
    }

    /// Why connecting does not succeed at present, when it does not.
    pub(crate) fn last_connect(&self) -> Option<&Fault> {
        self.outage().map(|outage| &outage.fault).or(self.openings.hung())
    }

    /// For whoever has waited so long: why connecting failed while it did, though it does not any more, and how long ago
    /// that ended.
    pub(crate) fn recovered_within(&self, waited: Duration, now: Moment) -> Option<(&Fault, Duration)> {
        let (moment, fault) = self.recovered.as_ref()?;
        let ago = now.since(*moment);
        (self.last_connect().is_none() && ago < waited).then_some((fault, ago))
    }

    /// True when there is a queue.
    pub(crate) const fn is_anybody_waiting(&self) -> bool {
        !self.waiters.is_empty()
    }

    #[inline]
    fn slot(&mut self, id: SlotId) -> &mut Slot<C> {
        match self.slots.get_mut(id.0) {
            Some(slot) => slot,
            None => bug("a slot that was never made"),
        }
    }

    /// Connections of all generations and stages.
    fn occupied(&self) -> usize {
        self.slots.iter().filter(|slot| !slot.is_vacant()).count()
    }

    /// The same without those that are on their way out.
    fn staying(&self) -> usize {
        self.slots.iter().filter(|slot| !matches!(slot.stage, Stage::Vacant | Stage::Closing)).count()
    }

    fn announce(out: &mut Actions<C, W>, event: Event) {
        out.push(Action::Announce(event));
    }

    /// Ends a connection which is in no other hands. What is lost or belongs to another process leaves at
    /// once; to all others goodbye is said first, and until then they count.
    fn retire(&mut self, id: SlotId, connection: C, cause: CloseCause, now: Moment, out: &mut Actions<C, W>) {
        let slot = self.slot(id);
        let age = now.since(slot.opened);
        let idle =
            if let Stage::Verifying { since, .. } = slot.stage { Some(now.since(since)) } else { None };
        match &cause {
            CloseCause::Lost(_) | CloseCause::PingTimedOut | CloseCause::NotCleaned(_) => {
                *self.slot(id) = Slot::vacant();
                out.push(Action::Drop(connection));
            }
            CloseCause::Forked => {
                *self.slot(id) = Slot::vacant();
                out.push(Action::Abandon(connection));
            }
            CloseCause::Recycled
            | CloseCause::IdleTooLong
            | CloseCause::Disposed
            | CloseCause::Surplus
            | CloseCause::PoolClosed
            | CloseCause::Asked => {
                self.slot(id).stage = Stage::Closing;
                out.push(Action::Close(id, connection));
            }
        }
        let idle = idle.filter(|_| cause.is_loss());
        Self::announce(out, Event::Closed { cause, age, idle });
    }
}

/// For what cannot happen unless this module is wrong.
#[cold]
#[expect(clippy::panic, reason = "only a mistake in this module leads here")]
fn bug(what: &str) -> ! {
    panic!("bug: {what}")
}
