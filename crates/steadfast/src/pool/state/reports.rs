//! What the pool's own tasks report: opened, verified, cleaned, lost, closed.

use super::Action;
use super::{Actions, Answer, Moment, Refusal, Slot, SlotId, Stage, State, bug};
use crate::error::{AcquireFailure, Fault};
use crate::event::{CloseCause, Event};
use crate::time::Duration;

impl<C, W> State<C, W> {
    /// A connection was opened.
    pub(crate) fn opened(
        &mut self,
        id: SlotId,
        connection: C,
        took: Duration,
        now: Moment,
        out: &mut Actions<C, W>,
    ) {
        let expires = self.expiry(now);
        let (generation, disposed) = (self.generation, self.disposed);
        let slot = self.slot(id);
        let Stage::Opening { since, .. } = slot.stage else {
            bug("a connection was opened in a slot that was not opening")
        };
        slot.opened = now;
        slot.expires = expires;
        // Having just connected is as good as having been verified; but what `dispose` was called for may be
        // the very address that this connection was opened to.
        if slot.generation >= disposed {
            slot.generation = generation;
        }
        self.openings.succeeded(since, took);
        Self::announce(out, Event::Opened { took });
        if let Some(outage) = self.circuit.succeeded() {
            let lasted = now.since(outage.since);
            Self::announce(out, Event::IncidentEnded { lasted, attempts: outage.attempts });
            self.recovered = Some((now, outage.fault));
        }
        self.settle(id, connection, now, now, now, out);
        self.give_up_old_openings(out);
        self.serve(now, out);
    }

    /// A connection could not be opened.
    pub(crate) fn open_failed(&mut self, id: SlotId, fault: Fault, now: Moment, out: &mut Actions<C, W>) {
        let slot = std::mem::replace(self.slot(id), Slot::vacant());
        let Stage::Opening { since, aborted, .. } = slot.stage else {
            bug("a connection could not be opened in a slot that was not opening")
        };
        if aborted || self.openings.is_old_news(since) {
            // Given up for a newer one, or overtaken by it: no sign that connecting fails now.
            self.serve(now, out);
            return;
        }
        self.openings.answered();
        let (wanted, jitter) = (self.is_wanting(), self.random.f64());
        let first = self.circuit.failed(now, fault.clone(), wanted, jitter);
        let (attempt, next_in, permanent) = match self.outage() {
            Some(outage) => (outage.attempts, outage.next.since(now), outage.is_permanent()),
            None => bug("no outage after a failure"),
        };
        let next_in = (!permanent).then_some(next_in);
        Self::announce(out, Event::OpenFailed { attempt, fault: fault.clone(), next_in });
        if first {
            Self::announce(out, Event::IncidentBegan { fault: fault.clone() });
            if fault.class().condemns_connection() {
                self.suspect(Some(&fault), out);
            }
        }
        if permanent && !self.slots.iter().any(|slot| slot.is_live() || slot.is_coming()) {
            let refusal = Refusal { failure: AcquireFailure::Permanent, fault: Some(fault) };
            self.refuse_all(&refusal, out);
        }
        self.serve(now, out);
    }

    /// An idle connection answered.
    pub(crate) fn verified(
        &mut self,
        id: SlotId,
        connection: C,
        took: Duration,
        now: Moment,
        out: &mut Actions<C, W>,
    ) {
        let (generation, disposed) = (self.generation, self.disposed);
        let slot = self.slot(id);
        let Stage::Verifying { since, .. } = slot.stage else { bug("verified, but nobody had asked") };
        if slot.generation >= disposed {
            slot.generation = generation;
        }
        Self::announce(out, Event::Verified { took });
        self.settle(id, connection, since, now, now, out);
    }

    /// A connection that is being verified or cleaned takes unusually long to answer: something else is started
    /// beside it, and the caller gets whichever is good first.
    pub(crate) fn stalled(&mut self, id: SlotId, now: Moment, out: &mut Actions<C, W>) {
        if let Stage::Verifying { stalled, .. } | Stage::Cleaning { stalled } = &mut self.slot(id).stage {
            *stalled = true;
        }
        self.serve(now, out);
    }

    /// A connection is in its initial state again.
    pub(crate) fn cleaned(&mut self, id: SlotId, connection: C, now: Moment, out: &mut Actions<C, W>) {
        if !matches!(self.slot(id).stage, Stage::Cleaning { .. }) {
            bug("cleaned, but it was not being cleaned");
        }
        self.settle(id, connection, now, now, now, out);
    }

    /// A connection which a task of the pool had is of no use any more.
    pub(crate) fn lost(
        &mut self,
        id: SlotId,
        connection: C,
        cause: CloseCause,
        fault: &Fault,
        now: Moment,
        out: &mut Actions<C, W>,
    ) {
        self.blame(id, fault, out);
        self.retire(id, connection, cause, now, out);
        self.serve(now, out);
    }

    /// A slot is empty: its connection was closed, or the task that had it ended without a report.
    pub(crate) fn vacated(&mut self, id: SlotId, now: Moment, out: &mut Actions<C, W>) {
        *self.slot(id) = Slot::vacant();
        self.serve(now, out);
    }

    /// One incident raises the generation once: only a connection of the present generation is news.
    pub(super) fn blame(&mut self, id: SlotId, fault: &Fault, out: &mut Actions<C, W>) {
        if fault.class().condemns_connection() && self.slot(id).generation == self.generation {
            self.suspect(Some(fault), out);
        }
    }

    /// Makes everything suspect that was opened or verified before now.
    pub(super) fn suspect(&mut self, fault: Option<&Fault>, out: &mut Actions<C, W>) {
        self.generation += 1;
        Self::announce(out, Event::Suspected { generation: self.generation, fault: fault.cloned() });
        self.verify_suspects(out);
    }

    pub(super) fn refuse_all(&mut self, refusal: &Refusal, out: &mut Actions<C, W>) {
        while let Ok(waker) = self.waiters.answer_first(Answer::Refused(refusal.clone())) {
            out.push(Action::Wake(waker));
        }
    }

    /// The end of a connection's life: never later than `recycle`, and up to a tenth earlier, so that
    /// connections opened together do not all go together. At least a hundredth earlier: the pool's clock is a coarse
    /// one, and a keeper on a busy machine comes late.
    fn expiry(&mut self, now: Moment) -> Moment {
        let jitter = 0.01 + self.random.f64() * 0.09;
        self.limits.recycle.map_or(Moment::NEVER, |recycle| now.after(recycle.mul_f64(1.0 - jitter)))
    }
}
