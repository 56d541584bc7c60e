//! What the keeper does, and what the owner of the pool may ask for.

use super::circuit::{Circuit, Outage};
use super::openings::Openings;
use super::{Actions, Found, Limits, Moment, Refusal, Slot, SlotId, Stage, State};
use crate::error::Fault;
use crate::event::CloseCause;

impl<C, W> State<C, W> {
    /// Does what is due, and says when something will be due next.
    pub(crate) fn tick(&mut self, now: Moment, out: &mut Actions<C, W>) -> Option<Moment> {
        self.retire_expired(now, out);
        self.retire_unused(now, out);
        self.keep_alive(now, out);
        self.watch_openings(now, out);
        self.serve(now, out);
        self.next_due()
    }

    /// Looks at every idle connection: its peer may have ended it.
    pub(crate) fn sweep(&mut self, mut look: impl FnMut(&C) -> Found, now: Moment, out: &mut Actions<C, W>) {
        let mut lost: Vec<(SlotId, Fault)> = Vec::new();
        for (index, slot) in self.slots.iter().enumerate() {
            if let Stage::Idle { connection, .. } = &slot.stage
                && let Found::Lost(fault) = look(connection)
            {
                lost.push((SlotId(index), fault));
            }
        }
        if lost.is_empty() {
            return;
        }
        self.idle.retain(|id| lost.iter().all(|(gone, _)| gone != id));
        for (id, fault) in lost {
            let (connection, since, _) = self.take_idle(id);
            // As one that failed to answer its ping.
            self.slot(id).stage = Stage::Verifying { since, stalled: false };
            self.blame(id, &fault, out);
            self.retire(id, connection, CloseCause::Lost(fault), now, out);
        }
        self.serve(now, out);
    }

    /// Distrusts everything that is open: idle connections are verified now, leased ones on return.
    pub(crate) fn distrust(&mut self, fault: Option<&Fault>, now: Moment, out: &mut Actions<C, W>) {
        self.suspect(fault, out);
        self.serve(now, out);
    }

    /// Closes everything that is open: idle connections now, leased ones on return.
    pub(crate) fn dispose(&mut self, now: Moment, out: &mut Actions<C, W>) {
        self.generation += 1;
        self.disposed = self.generation;
        let all = self.remove_idle(|_, _| true);
        self.retire_idle(all, &CloseCause::Disposed, now, out);
        self.serve(now, out);
    }

    /// Changes the limits; what is idle beyond them is closed now, what is leased on return.
    pub(crate) fn resize(&mut self, size: usize, max_overflow: usize, now: Moment, out: &mut Actions<C, W>) {
        self.limits = Limits { size, max_overflow, ..self.limits.clone() };
        let surplus = self.staying().saturating_sub(self.limits.capacity()).min(self.idle.len());
        let oldest: Vec<SlotId> = self.idle.drain(..surplus).collect();
        self.retire_idle(oldest, &CloseCause::Surplus, now, out);
        self.serve(now, out);
    }

    /// Serves nobody any more; what is idle is closed now, what is leased on return. What is being opened is given up.
    pub(crate) fn close(&mut self, now: Moment, out: &mut Actions<C, W>) {
        self.closing = true;
        self.refuse_all(&Refusal::closed(), out);
        let all = self.remove_idle(|_, _| true);
        self.retire_idle(all, &CloseCause::PoolClosed, now, out);
        self.give_up_openings(|_, _| true, out);
    }

    /// True when nothing is left of a pool that was told to close.
    pub(crate) fn is_finished(&self) -> bool {
        self.closing && self.slots.iter().all(Slot::is_vacant)
    }

    /// True once the pool was told to close.
    pub(crate) const fn is_closing(&self) -> bool {
        self.closing
    }

    /// This process is a fork of the one that opened everything: forget it all, and begin anew.
    pub(crate) fn abandon(&mut self, now: Moment, out: &mut Actions<C, W>) {
        let all = self.remove_idle(|_, _| true);
        self.retire_idle(all, &CloseCause::Forked, now, out);
        // What is with tasks and callers of the other process will never be reported here. Their slots are
        // left behind, so that a lease which was copied along finds a slot of its own time.
        self.slots.clear();
        self.circuit = Circuit::Closed;
        self.openings = Openings::new();
        self.generation += 1;
        self.disposed = self.generation;
        self.waiters = super::Waiters::new();
        self.warming.clear();
    }

    /// Closes what has reached its greatest age, as long as there is a prospect of another in its place.
    pub(super) fn retire_expired(&mut self, now: Moment, out: &mut Actions<C, W>) {
        if !self.is_full(now) {
            let expired = self.remove_idle(|slot, _| now >= slot.expires);
            self.retire_idle(expired, &CloseCause::Recycled, now, out);
        }
    }

    /// True when the server has lately had no room for another connection (53300). What is closed now may be gone for
    /// good, for somebody else may be quicker to take its place.
    #[inline]
    pub(super) fn is_full(&self, now: Moment) -> bool {
        self.outage().is_some_and(|outage| outage.is_full(now))
    }

    fn retire_idle(&mut self, ids: Vec<SlotId>, cause: &CloseCause, now: Moment, out: &mut Actions<C, W>) {
        for id in ids {
            let (connection, ..) = self.take_idle(id);
            self.retire(id, connection, cause.clone(), now, out);
        }
    }

    /// Closes what has been idle for too long, the longest unused first, down to `min_idle`.
    fn retire_unused(&mut self, now: Moment, out: &mut Actions<C, W>) {
        let Some(limit) = self.limits.idle_timeout else {
            return;
        };
        let mut surplus = self.idle.len().saturating_sub(self.limits.min_idle());
        let unused = self.remove_idle(|slot, _| {
            let goes = surplus > 0 && slot.idle().is_some_and(|(since, _)| now >= since.after(limit));
            surplus -= usize::from(goes);
            goes
        });
        self.retire_idle(unused, &CloseCause::IdleTooLong, now, out);
    }

    fn keep_alive(&mut self, now: Moment, out: &mut Actions<C, W>) {
        let Some(limit) = self.limits.keepalive_ping else {
            return;
        };
        let quiet =
            self.remove_idle(|slot, _| slot.idle().is_some_and(|(_, checked)| now >= checked.after(limit)));
        for id in quiet {
            let (connection, since, _) = self.take_idle(id);
            self.verify(id, connection, since, out);
        }
    }

    /// When something is to be done about a connection's age: not before there is a prospect of another.
    fn expiry_due(&self, expires: Moment) -> Option<Moment> {
        let full_until = self.outage().and_then(Outage::full_until);
        (expires < Moment::NEVER).then(|| full_until.map_or(expires, |until| until.max(expires)))
    }

    fn next_due(&self) -> Option<Moment> {
        let surplus = self.idle.len() > self.limits.min_idle();
        let idle = self.slots.iter().filter_map(|slot| slot.idle().map(|times| (slot.expires, times)));
        let due = idle.flat_map(|(expires, (since, checked))| {
            [
                self.expiry_due(expires),
                self.limits.idle_timeout.filter(|_| surplus).map(|limit| since.after(limit)),
                self.limits.keepalive_ping.map(|limit| checked.after(limit)),
            ]
        });
        // Without room for another there is nothing to retry: whatever makes room asks again.
        let opening = self.slots.iter().any(Slot::is_opening_well);
        let retry = self.outage().filter(|_| !opening && self.lacks_connections()).map(|outage| outage.next);
        due.flatten().chain(retry).chain(self.opening_due()).min()
    }
}
