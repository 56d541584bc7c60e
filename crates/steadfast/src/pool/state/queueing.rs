//! Callers join the queue, ask after their place in it, and leave it.

use super::{Actions, Answer, Borrower, Found, Moment, Refusal, State, WaiterId};
use crate::error::{AcquireFailure, Fault};

impl<C, W> State<C, W> {
    /// Joins the queue, and sees to it that something is on its way. `at_head`: the caller was served already,
    /// with a connection that turned out to be lost.
    pub(crate) fn enqueue(
        &mut self,
        waker: W,
        at_head: bool,
        now: Moment,
        out: &mut Actions<C, W>,
    ) -> Result<WaiterId, Refusal> {
        if self.closing {
            return Err(Refusal::closed());
        }
        // Who was served already is not a newcomer.
        if !at_head && self.waiters.len() >= self.limits.max_waiters {
            let fault = self.outage().map(|outage| outage.fault.clone());
            return Err(Refusal { failure: AcquireFailure::QueueFull, fault });
        }
        if let Some(fault) = self.hopeless(now) {
            return Err(Refusal { failure: AcquireFailure::Permanent, fault: Some(fault) });
        }
        if self.waiters.is_empty() {
            let jitter = self.random.f64();
            self.circuit.hasten(jitter);
        }
        let id = self.waiters.push(waker, now, at_head);
        self.serve(now, out);
        Ok(id)
    }

    /// What became of a waiter. While there is nothing, `waker` may update whom to wake.
    #[inline]
    pub(crate) fn take_answer(&mut self, id: WaiterId, waker: impl FnOnce(&mut W)) -> Option<Answer<C>> {
        self.waiters.take_answer(id, waker)
    }

    /// The same, and records who got a connection.
    #[inline]
    pub(crate) fn answer_to(
        &mut self,
        id: WaiterId,
        borrower: Borrower,
        waker: impl FnOnce(&mut W),
    ) -> Option<Answer<C>> {
        let answer = self.take_answer(id, waker)?;
        if let Answer::Granted(slot, _) = &answer {
            *self.slot(*slot).borrower = borrower;
        }
        Some(answer)
    }

    /// True when there is something for this waiter to take.
    pub(crate) fn is_answered(&self, id: WaiterId) -> bool {
        self.waiters.is_answered(id)
    }

    /// Calls everybody who has joined the queue since this was last done, at the end of it; true when there was anybody.
    pub(crate) fn call_newcomers(&mut self, call: impl FnMut(&W)) -> bool {
        self.waiters.call_newcomers(call)
    }

    /// A waiter leaves. What it was granted goes to the next, unless it was lost meanwhile: an alarm that rang for it
    /// found it in nobody's hands.
    pub(crate) fn cancel(
        &mut self,
        id: WaiterId,
        look: impl FnOnce(&C) -> Found,
        now: Moment,
        out: &mut Actions<C, W>,
    ) {
        match self.waiters.cancel(id) {
            Some(Answer::Granted(slot, connection)) => match look(&connection) {
                Found::Ready => self.pass_on(slot, connection, now, out),
                found @ (Found::Lost(_) | Found::Dirty) => self.give_back(slot, connection, found, now, out),
            },
            Some(Answer::Refused(_)) | None => {}
        }
    }

    /// The permanent fault that keeps everybody from connecting, when there is no other hope: no live
    /// connection that could be returned, and no try due.
    pub(crate) fn hopeless(&self, now: Moment) -> Option<Fault> {
        let outage = self.outage()?;
        let hope = now >= outage.next || self.slots.iter().any(|slot| slot.is_live() || slot.is_coming());
        (outage.is_permanent() && !hope).then(|| outage.fault.clone())
    }
}
