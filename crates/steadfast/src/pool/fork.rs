//! The pool in a fork of the process that made it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::clock::Clock;
use super::shared::{PoolActions, Shared};
use super::state::Action;
use super::watch::Watch;
use super::{keeper, watch};
use crate::connector::Connector;
use crate::process::Incarnation;
use crate::sync::Handle;
use crate::time::Duration;

impl<C: Connector> Shared<C> {
    /// True when this process opened the connections. A fork of it finds the pool empty from here on.
    #[inline]
    pub(super) fn is_own_process(&self) -> bool {
        self.origin.is_current() || self.adopter.load(Ordering::Relaxed) == std::process::id()
    }

    /// This process, which is the pool's own.
    #[inline]
    pub(super) fn process(&self) -> Incarnation {
        if self.origin.is_current() { self.origin.clone() } else { Incarnation::current() }
    }

    /// After a fork: forgets what the other process has, without a byte on any socket. False when the lock
    /// was held by a thread that did not come along, so that the pool cannot be used here at all.
    pub(super) fn adopt(self: &Arc<Self>) -> bool {
        let mut actions = PoolActions::<C>::new();
        {
            let patience = Duration::from_millis(100);
            let Some(mut core) = self.core.try_lock_for(patience) else { return false };
            if self.is_own_process() {
                // Another task was faster, and has connections of this process in there already.
                return true;
            }
            let Some(mut connecting) = self.connecting.all_within(patience) else { return false };
            let Some(mut runtime) = self.runtime.try_write_for(patience) else { return false };
            actions.extend(self.pockets.shut().map(Action::Abandon));
            connecting.clear();
            let now = core.clock.read();
            core.state.abandon(now, &mut actions);
            core.clock = Clock::new();
            core.watch = Watch::default();
            *runtime = Handle::current();
            self.adopter.store(std::process::id(), Ordering::Relaxed);
        }
        self.obey(actions);
        keeper::start(self);
        watch::start(self);
        true
    }

    /// True when there is something in here for this process to change. What another process opened is not:
    /// it is forgotten, where there is a runtime to go on with.
    pub(super) fn belongs_here(self: &Arc<Self>) -> bool {
        self.is_own_process() || (Handle::try_current().is_ok() && self.adopt())
    }
}

impl<C: Connector> Drop for Shared<C> {
    fn drop(&mut self) {
        // Keeper and watch hold no more than weak references; this lets them notice that there is nothing to keep.
        self.keeper.notify_one();
        self.watch.notify_one();
        if !self.is_own_process() {
            let mut actions = PoolActions::<C>::new();
            let core = self.core.get_mut();
            let now = core.clock.read();
            core.state.abandon(now, &mut actions);
            actions.extend(self.pockets.shut().map(Action::Abandon));
            for action in actions {
                if let Action::Abandon(connection) = action {
                    self.connector.abandon(connection.connection);
                }
            }
        }
    }
}
