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
//! - It calls no observer and no connector, as the keeper does, so it hangs in none.
//! - When its task ends, with its runtime or by a panic, it calls everybody, and nobody relies on it any more.
//!
//! Whoever waits elsewhere, or not for so long, has a timer from the start.

use std::sync::{Arc, Weak};

use super::shared::Shared;
use crate::connector::Connector;
use crate::sync::RuntimeId;
use crate::tasks;
use crate::time::{Duration, sleep};

/// How long a caller may be in the queue before it is called.
const TICK: Duration = Duration::from_millis(50);

/// Whose deadline is nearer than this has a timer from the start.
pub(super) const TRUST: Duration = Duration::from_millis(200);

/// What is known of the watch, under the pool's lock.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The runtime that it is on; `None` when there is no watch.
    runtime: Option<RuntimeId>,
    /// Whether it comes by itself, or is to be rung for.
    awake: bool,
}

impl Watch {
    /// Somebody joins the queue: the runtime of the watch, if there is one, and whether it must be rung for.
    pub(super) fn join(&mut self) -> (Option<RuntimeId>, bool) {
        let asleep = self.runtime.is_some() && !self.awake;
        self.awake |= asleep;
        (self.runtime, asleep)
    }
}

/// Starts the watch of this pool. It ends when the pool has gone.
pub(super) fn start<C: Connector>(shared: &Arc<Shared<C>>) {
    let runtime = shared.runtime();
    shared.with_watch(|watch| *watch = Watch { runtime: Some(runtime.id()), awake: false });
    let bell = Arc::clone(&shared.watch);
    let duty = Duty { pool: Arc::downgrade(shared) };
    tasks::spawn_on(&runtime, "pool: watch", async move {
        while duty.is_there_a_pool() {
            bell.notified().await;
            while duty.is_there_a_pool() {
                sleep(TICK).await;
                if !duty.call() {
                    break;
                }
            }
        }
    });
}

/// The task's duty; when it is dropped nobody is left waiting for a call.
struct Duty<C: Connector> {
    pool: Weak<Shared<C>>,
}

impl<C: Connector> Duty<C> {
    fn is_there_a_pool(&self) -> bool {
        self.pool.strong_count() > 0
    }

    /// Calls all who have not been called; false when there was nobody, and the watch is to be rung for from now on.
    fn call(&self) -> bool {
        self.pool.upgrade().is_some_and(|shared| {
            shared.call_newcomers(|watch, any| {
                watch.awake = any;
            })
        })
    }
}

impl<C: Connector> Drop for Duty<C> {
    fn drop(&mut self) {
        if let Some(shared) = self.pool.upgrade()
            && shared.is_own_process()
        {
            shared.call_newcomers(|watch, _| *watch = Watch::default());
        }
    }
}
