//! Connections go out to callers and come back.

use super::{Action, Actions, Answer, Borrower, Found, Moment, Slot, SlotId, Stage, State, bug};
use crate::config::PrePing;
use crate::event::CloseCause;

impl<C, W> State<C, W> {
    /// The usual case: nobody waits, and the connection used last is fit for use.
    #[inline]
    pub(crate) fn take(&mut self, now: Moment) -> Option<(SlotId, C)> {
        if self.closing || !self.waiters.is_empty() {
            return None;
        }
        self.take_fit(now)
    }

    /// The same, and records who has it.
    #[inline]
    pub(crate) fn lend(&mut self, borrower: Borrower, now: Moment) -> Option<(SlotId, C)> {
        let (id, connection) = self.take(now)?;
        *self.slot(id).borrower = borrower;
        Some((id, connection))
    }

    /// A connection comes back from a caller.
    #[inline]
    pub(crate) fn give_back(
        &mut self,
        id: SlotId,
        connection: C,
        found: Found,
        now: Moment,
        out: &mut Actions<C, W>,
    ) {
        let slot = self.slot(id);
        let Stage::Leased { since, .. } = slot.stage else {
            bug("a connection came back that was not leased")
        };
        *slot.borrower = Borrower::default();
        match found {
            Found::Lost(fault) => {
                self.blame(id, &fault, out);
                self.retire(id, connection, CloseCause::Lost(fault), now, out);
                self.serve(now, out);
            }
            Found::Dirty => {
                if let Some(cause) = self.is_unwanted(id, now) {
                    self.retire(id, connection, cause, now, out);
                    self.serve(now, out);
                } else {
                    self.slot(id).stage = Stage::Cleaning { stalled: false };
                    out.push(Action::Clean(id, connection));
                }
            }
            // It worked when it was leased. Whether its holder has used it since is not known here.
            Found::Ready => self.settle(id, connection, now, since, now, out),
        }
    }

    /// The usual return: as [`give_back`](Self::give_back) of a connection that was found ready, when nothing follows
    /// from it but that the first waiter, if there is one, is to be woken. Else the connection comes back.
    #[inline]
    pub(crate) fn take_back(&mut self, id: SlotId, connection: C, now: Moment) -> Result<Option<W>, C> {
        let slot = self.slot(id);
        let Stage::Leased { since, .. } = slot.stage else {
            bug("a connection came back that was not leased")
        };
        *slot.borrower = Borrower::default();
        self.settle_here(id, connection, now, since, now)
    }

    /// A connection was granted to somebody who never looked. Nothing was learned about it meanwhile, so the next
    /// gets it only if it is still fit.
    pub(super) fn pass_on(&mut self, id: SlotId, connection: C, now: Moment, out: &mut Actions<C, W>) {
        let Stage::Leased { since, checked } = self.slot(id).stage else { bug("granted, but not leased") };
        if let Some(cause) = self.is_unwanted(id, now) {
            self.retire(id, connection, cause, now, out);
        } else if self.slot(id).generation < self.generation {
            self.verify(id, connection, since, out);
        } else {
            self.rest(id, connection, since, checked);
        }
        self.serve(now, out);
    }

    /// The holder wants the connection closed, not reused.
    pub(crate) fn discard(&mut self, id: SlotId, connection: C, now: Moment, out: &mut Actions<C, W>) {
        *self.slot(id).borrower = Borrower::default();
        self.retire(id, connection, CloseCause::Asked, now, out);
        self.serve(now, out);
    }

    /// Puts a connection that nobody holds where it belongs: to the first waiter, to the idle ones, or, when
    /// it became suspect meanwhile, to be verified.
    pub(super) fn settle(
        &mut self,
        id: SlotId,
        connection: C,
        since: Moment,
        checked: Moment,
        now: Moment,
        out: &mut Actions<C, W>,
    ) {
        match self.settle_here(id, connection, since, checked, now) {
            Ok(woken) => out.extend(woken.map(Action::Wake)),
            Err(connection) => self.settle_elsewhere(id, connection, since, checked, now, out),
        }
    }

    /// The usual case of [`settle`](Self::settle): nothing speaks against the connection. Gives whom to wake, or, in
    /// any other case, the connection back.
    #[inline]
    fn settle_here(
        &mut self,
        id: SlotId,
        connection: C,
        since: Moment,
        checked: Moment,
        now: Moment,
    ) -> Result<Option<W>, C> {
        let slot = self.slot(id);
        let (generation, expires) = (slot.generation, slot.expires);
        let is_usual = generation == self.generation
            && now < expires
            && !self.closing
            && self.slots.len() <= self.limits.capacity();
        if !is_usual {
            return Err(connection);
        }
        if self.waiters.is_empty() {
            self.rest(id, connection, since, checked);
            return Ok(None);
        }
        self.slot(id).lease(now, checked);
        Ok(Some(self.grant(id, connection)))
    }

    /// All that is not the usual case of [`settle`](Self::settle).
    #[inline(never)]
    fn settle_elsewhere(
        &mut self,
        id: SlotId,
        connection: C,
        since: Moment,
        checked: Moment,
        now: Moment,
        out: &mut Actions<C, W>,
    ) {
        if let Some(cause) = self.is_unwanted(id, now) {
            self.retire(id, connection, cause, now, out);
            self.serve(now, out);
        } else if self.slot(id).generation < self.generation {
            self.verify(id, connection, since, out);
        } else if self.waiters.is_empty() {
            self.rest(id, connection, since, checked);
        } else {
            self.slot(id).stage = Stage::Leased { since: now, checked };
            out.push(Action::Wake(self.grant(id, connection)));
        }
    }

    /// Puts a connection among the idle ones, behind all that are better known to work. It is seldom not the last:
    /// only when somebody held it for long.
    #[inline]
    fn rest(&mut self, id: SlotId, connection: C, since: Moment, checked: Moment) {
        if self.idle.last().is_some_and(|&last| self.is_known_better(last, checked)) {
            self.line_up(id, checked);
        } else {
            self.idle.push(id);
        }
        self.slot(id).stage = Stage::Idle { connection, since, checked };
    }

    #[cold]
    fn line_up(&mut self, id: SlotId, checked: Moment) {
        let better =
            self.idle.iter().rev().take_while(|&&other| self.is_known_better(other, checked)).count();
        self.idle.insert(self.idle.len() - better, id);
    }

    /// True when that one was known to work later than at this moment.
    #[inline]
    fn is_known_better(&self, other: SlotId, checked: Moment) -> bool {
        let slot = self.slots.get(other.0);
        slot.and_then(Slot::idle).is_some_and(|(_, other_checked)| other_checked > checked)
    }

    /// Hands a connection, whose slot counts as leased already, to the first waiter, who is to be woken.
    #[inline]
    pub(super) fn grant(&mut self, id: SlotId, connection: C) -> W {
        match self.waiters.answer_first(Answer::Granted(id, connection)) {
            Ok(waker) => waker,
            Err(_) => bug("a connection was granted to nobody"),
        }
    }

    /// Takes the connection that was last known to work, if it may be used without asking it first. If it must be
    /// verified, so must all others.
    #[inline]
    pub(super) fn take_fit(&mut self, now: Moment) -> Option<(SlotId, C)> {
        let id = *self.idle.last()?;
        let (generation, pre_ping) = (self.generation, self.limits.pre_ping);
        let irreplaceable = self.is_full(now);
        let slot = self.slot(id);
        let Stage::Idle { checked, .. } = &slot.stage else { bug("an idle slot is not idle") };
        let trusted = match pre_ping {
            PrePing::Always => false,
            PrePing::AfterIdle(limit) => now.since(*checked) < limit,
            PrePing::Never => true,
        };
        if !trusted || slot.generation < generation || (now >= slot.expires && !irreplaceable) {
            return None;
        }
        let leased = Stage::Leased { since: now, checked: *checked };
        let Stage::Idle { connection, .. } = std::mem::replace(&mut slot.stage, leased) else {
            bug("an idle slot is not idle")
        };
        self.idle.pop();
        Some((id, connection))
    }

    /// Why a connection must not serve anybody any more, if so.
    fn is_unwanted(&mut self, id: SlotId, now: Moment) -> Option<CloseCause> {
        let (closing, disposed) = (self.closing, self.disposed);
        let capacity = self.limits.capacity();
        let surplus = self.slots.len() > capacity && self.staying() > capacity;
        let irreplaceable = self.is_full(now);
        let slot = self.slot(id);
        if closing {
            Some(CloseCause::PoolClosed)
        } else if slot.generation < disposed {
            Some(CloseCause::Disposed)
        } else if now >= slot.expires && !irreplaceable {
            Some(CloseCause::Recycled)
        } else if surplus {
            Some(CloseCause::Surplus)
        } else {
            None
        }
    }
}
