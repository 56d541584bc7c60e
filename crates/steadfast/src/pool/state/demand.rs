//! Supply for whoever waits: what is idle is verified, what is missing is opened.

use super::{Action, Actions, Moment, Refusal, Slot, SlotId, Stage, State, bug};
use crate::error::AcquireFailure;

impl<C, W> State<C, W> {
    /// Hands over what is fit, and sees to it that for everybody who still waits something is on its way.
    /// Called after everything that may have changed either side.
    pub(super) fn serve(&mut self, now: Moment, out: &mut Actions<C, W>) {
        if self.closing || self.is_saturated() {
            return;
        }
        if !self.waiters.is_empty() {
            self.retire_expired(now, out);
        }
        while !self.waiters.is_empty() {
            let Some((id, connection)) = self.take_fit(now) else {
                break;
            };
            out.push(Action::Wake(self.grant(id, connection)));
        }
        let (mut coming, mut room) = (0, self.limits.capacity().saturating_sub(self.slots.len()));
        for slot in &self.slots {
            coming += usize::from(slot.is_coming());
            room += usize::from(slot.is_vacant());
        }
        if room == 0 && self.idle.is_empty() {
            return;
        }
        while coming < self.waiters.len() {
            if !self.supply_one(now, out) {
                if let Some(fault) = self.hopeless(now) {
                    let refusal = Refusal { failure: AcquireFailure::Permanent, fault: Some(fault) };
                    self.refuse_all(&refusal, out);
                }
                return;
            }
            coming += 1;
        }
        while coming + self.idle.len() < self.waiters.len() + self.limits.min_idle() {
            if !self.open(self.limits.size, now, out) {
                return;
            }
            coming += 1;
        }
        while self.staying() < self.warmth() && self.open(self.limits.size, now, out) {}
    }

    /// The usual case of whoever waits: all connections are with callers, and that is all there may be.
    fn is_saturated(&self) -> bool {
        self.slots.len() >= self.limits.capacity()
            && self.slots.iter().all(|slot| matches!(slot.stage, Stage::Leased { .. }))
    }

    /// Somebody wants this many connections to be there, until they say that they do not.
    pub(crate) fn begin_warming(&mut self, connections: usize, now: Moment, out: &mut Actions<C, W>) {
        self.warming.push(connections);
        self.circuit.hasten(self.random.f64());
        self.serve(now, out);
    }

    /// The same number, when they do not care any more.
    pub(crate) fn end_warming(&mut self, connections: usize) {
        if let Some(index) = self.warming.iter().position(|wanted| *wanted == connections) {
            self.warming.swap_remove(index);
        }
    }

    /// True while somebody waits for connections to be there.
    pub(crate) const fn is_warming(&self) -> bool {
        !self.warming.is_empty()
    }

    /// True when so many connections are there, or as many as there may be, in whatever use.
    pub(crate) fn is_warm(&self, connections: usize) -> bool {
        let live = self.slots.iter().filter(|slot| slot.is_live()).count();
        live >= connections.min(self.limits.size)
    }

    /// How many connections are to be there, for whoever waits for that.
    fn warmth(&self) -> usize {
        self.warming.iter().copied().max().unwrap_or(0).min(self.limits.size)
    }

    /// True when somebody wants more connections than there are fit ones.
    pub(super) fn is_wanting(&self) -> bool {
        !self.waiters.is_empty() || self.limits.min_idle() > 0 || self.is_warming()
    }

    /// Sets something in motion for one more waiter: verifies what is idle, or opens another.
    fn supply_one(&mut self, now: Moment, out: &mut Actions<C, W>) -> bool {
        let capacity = self.limits.capacity();
        // Where one does not answer, the others may not either: they are of one age, and went one way.
        let doubtful = self.slots.iter().any(Slot::is_stalled);
        if doubtful && self.open(capacity, now, out) {
            return true;
        }
        let Some(id) = self.idle.pop() else {
            return self.open(capacity, now, out);
        };
        let (connection, since, _) = self.take_idle(id);
        self.verify(id, connection, since, out);
        true
    }

    /// True when another connection would be opened now if connecting worked.
    pub(super) fn lacks_connections(&self) -> bool {
        let coming = self.slots.iter().filter(|slot| slot.is_coming()).count();
        let (waiting, idle) = (self.waiters.len(), self.idle.len());
        let for_waiters = coming < waiting && self.occupied() < self.limits.capacity();
        let for_later =
            coming + idle < waiting + self.limits.min_idle() && self.occupied() < self.limits.size;
        let for_warmth = self.staying() < self.warmth() && self.occupied() < self.limits.size;
        !self.closing && (for_waiters || for_later || for_warmth)
    }

    /// Starts to verify a connection which is in no other hands.
    pub(super) fn verify(&mut self, id: SlotId, connection: C, since: Moment, out: &mut Actions<C, W>) {
        self.slot(id).stage = Stage::Verifying { since, stalled: false };
        out.push(Action::Verify(id, connection));
    }

    /// Starts to verify every idle connection that is suspect, all at the same time.
    pub(super) fn verify_suspects(&mut self, out: &mut Actions<C, W>) {
        let suspects: Vec<SlotId> = self.remove_idle(|slot, generation| slot.generation < generation);
        for id in suspects {
            let (connection, since, _) = self.take_idle(id);
            self.verify(id, connection, since, out);
        }
    }

    /// Takes slots out of the order of idle ones; the caller takes the connections.
    pub(super) fn remove_idle(&mut self, mut which: impl FnMut(&Slot<C>, u64) -> bool) -> Vec<SlotId> {
        let (slots, generation) = (&self.slots, self.generation);
        let mut removed = Vec::new();
        self.idle.retain(|&id| {
            let goes = slots.get(id.0).is_some_and(|slot| which(slot, generation));
            if goes {
                removed.push(id);
            }
            !goes
        });
        removed
    }

    /// The connection of a slot that has left the order of idle ones, since when it was idle, and when it was
    /// last known to work. The caller sets the new stage.
    pub(super) fn take_idle(&mut self, id: SlotId) -> (C, Moment, Moment) {
        match std::mem::replace(&mut self.slot(id).stage, Stage::Closing) {
            Stage::Idle { connection, since, checked } => (connection, since, checked),
            Stage::Vacant
            | Stage::Opening { .. }
            | Stage::Verifying { .. }
            | Stage::Leased { .. }
            | Stage::Cleaning { .. }
            | Stage::Closing => bug("an idle slot is not idle"),
        }
    }

    /// Starts to open a connection, if there is room for it and the database is not known to be away.
    fn open(&mut self, limit: usize, now: Moment, out: &mut Actions<C, W>) -> bool {
        let opening = self.slots.iter().filter(|slot| slot.is_opening_well()).count();
        if self.occupied() >= limit || opening >= self.circuit.at_once(now) {
            return false;
        }
        let id = match self.slots.iter().position(Slot::is_vacant) {
            Some(index) => SlotId(index),
            None => {
                self.slots.push(Slot::vacant());
                SlotId(self.slots.len() - 1)
            }
        };
        let (generation, attempt) = (self.generation, self.openings.next_attempt());
        let slot = self.slot(id);
        slot.stage = Stage::Opening { since: now, attempt, stalled: false, aborted: false };
        slot.generation = generation;
        out.push(Action::Open(id, attempt));
        true
    }
}
