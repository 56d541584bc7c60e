//! The watch over those who wait, so that not everybody who joins the queue needs a timer from the start.
//!
//! Most waits are over within microseconds, and to enter a timer into the runtime's wheel and to take it out again costs
//! as much as all the rest of such a wait. So who joins sets none if the deadline is further away than [`TRUST`]. A
//! task of the pool, which does nothing else, calls everybody in the queue once, no later than a [`TICK`] after
//! joining, and whoever is called sets a timer, for the same deadline as ever.
//!
//! # What if the watch does not come
//! A deadline does not depend on it more than it depends on the runtime anyway:
//! - It is relied upon only by whoever waits on the watch's own runtime. When nobody drives that one, because all of
//!   its threads are blocked or its `block_on` has returned, then no timer of the waiter's fires either.
//! - It is relied upon only while it is on duty: its task has run, has set its own timer, and was not late with the
//!   last one. Whoever rings for it sets a timer.
//! - It calls no observer and no connector, as the keeper does, so it hangs in none.
//! - When its task ends, with its runtime or by a panic, it calls everybody, and nobody relies on it any more.
//!
//! Whoever waits elsewhere, or not for so long, has a timer from the start.

use std::sync::{Arc, Weak};

use super::shared::Shared;
use crate::connector::Connector;
use crate::sync::{Handle, RuntimeId};
use crate::tasks;
use crate::time::{Duration, Instant, sleep};

/// How long a caller may be in the queue before it is called.
const TICK: Duration = Duration::from_millis(50);

/// Whose deadline is nearer than this has a timer from the start.
pub(super) const TRUST: Duration = Duration::from_millis(200);

/// The watch is on duty for so long after it was last seen.
const LATE: Duration = Duration::from_millis(150);

/// What is known of the watch, under the pool's lock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Watch {
    /// There is none.
    #[default]
    Absent,
    /// There was nobody to be called.
    Asleep,
    /// Somebody has rung for it, and it has not come yet.
    Rung,
    OnDuty(Duty),
}

/// Where and until when the watch can be relied upon.
#[derive(Debug, Clone, Copy)]
pub(super) struct Duty {
    runtime: RuntimeId,
    until: Instant,
}

impl Watch {
    /// Somebody joins the queue: the watch that will call, if any, and whether it must be rung for.
    #[inline]
    pub(super) fn join(&mut self) -> (Option<Duty>, bool) {
        match *self {
            Self::OnDuty(duty) => (Some(duty), false),
            Self::Asleep => {
                *self = Self::Rung;
                (None, true)
            }
            Self::Absent | Self::Rung => (None, false),
        }
    }
}

impl Duty {
    /// True when whoever asks will be called.
    pub(super) fn is_here(self, now: Instant) -> bool {
        now < self.until && Handle::try_current().is_ok_and(|here| here.id() == self.runtime)
    }
}

/// Starts the watch of this pool. It ends when the pool has gone.
pub(super) fn start<C: Connector>(shared: &Arc<Shared<C>>) {
    let runtime = shared.runtime();
    shared.with_watch(|watch| *watch = Watch::Asleep);
    let bell = Arc::clone(&shared.watch);
    let guard = Guard { pool: Arc::downgrade(shared), runtime: runtime.id() };
    tasks::spawn_on(&runtime, "pool: watch", async move {
        while guard.is_there_a_pool() {
            bell.notified().await;
            guard.begin();
            loop {
                sleep(TICK).await;
                if !guard.call() {
                    break;
                }
            }
        }
    });
}

/// Does what the task is for. When it is dropped nobody is left waiting for a call.
struct Guard<C: Connector> {
    pool: Weak<Shared<C>>,
    runtime: RuntimeId,
}

impl<C: Connector> Guard<C> {
    fn is_there_a_pool(&self) -> bool {
        self.pool.strong_count() > 0
    }

    fn on_duty(&self) -> Watch {
        Watch::OnDuty(Duty { runtime: self.runtime, until: Instant::now() + TICK + LATE })
    }

    fn begin(&self) {
        if let Some(shared) = self.pool.upgrade() {
            shared.with_watch(|watch| *watch = self.on_duty());
        }
    }

    /// Calls all who have not been called; false when there was nobody, and the watch is to be rung for from now on.
    fn call(&self) -> bool {
        let Some(shared) = self.pool.upgrade() else { return false };
        shared.call_newcomers(|watch, any| *watch = if any { self.on_duty() } else { Watch::Asleep })
    }
}

impl<C: Connector> Drop for Guard<C> {
    fn drop(&mut self) {
        if let Some(shared) = self.pool.upgrade()
            && shared.is_own_process()
        {
            shared.call_newcomers(|watch, _| *watch = Watch::Absent);
        }
    }
}
