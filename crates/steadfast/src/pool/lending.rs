//! The usual way of a connection, out to a caller and back: one lock each, and nothing else to be done. What is not usual
//! goes through [`Shared::update`].

use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;

use super::shared::{Boxed, Core, Shared};
use super::state::{Answer, Borrower, Found, Moment, Refusal, SlotId, WaiterId};
use super::watch::Duty;
use crate::connector::Connector;
use crate::error::Fault;
use crate::sync::MutexGuard;

/// What a caller got who asked for a connection.
pub(super) enum Entered<C: Connector> {
    /// The one used last. Whether it is still there has not been looked at.
    Lent(SlotId, Boxed<C>),
    /// A place in the queue.
    Queued(Place),
    /// Nothing, and why.
    Refused(Refusal),
}

/// A place in the queue.
pub(super) struct Place {
    pub(super) id: WaiterId,
    /// It was answered at once.
    pub(super) is_answered: bool,
    /// Who will call, if anybody.
    pub(super) watch: Option<Duty>,
}

/// A place in the queue, and what it was answered with at once.
pub(super) type Again<C> = (WaiterId, Option<Answer<Boxed<C>>>);

impl<C: Connector> Shared<C> {
    /// The connection used last, if it may be used as it is, and nobody waits.
    #[inline]
    pub(super) fn take(&self, holder: &'static Location<'static>) -> Option<(SlotId, Boxed<C>)> {
        let borrower = self.borrower(holder);
        let mut core = self.core.lock();
        let (now, was_standing_still) = core.clock.now();
        let taken = core.state.lend(borrower, now);
        drop(core);
        if was_standing_still {
            self.keeper.notify_one();
        }
        taken
    }

    /// The same, or a place in the queue, under one lock.
    #[inline]
    pub(super) fn enter(self: &Arc<Self>, holder: &'static Location<'static>, waker: &Waker) -> Entered<C> {
        let borrower = self.borrower(holder);
        let mut core = self.core.lock();
        let (now, was_standing_still) = core.clock.now();
        let Some((id, connection)) = core.state.lend(borrower, now) else {
            return self.queue(core, now, was_standing_still, waker);
        };
        drop(core);
        if was_standing_still {
            self.keeper.notify_one();
        }
        Entered::Lent(id, connection)
    }

    #[inline(never)]
    fn queue(
        self: &Arc<Self>,
        mut core: MutexGuard<'_, Core<C>>,
        now: Moment,
        was_standing_still: bool,
        waker: &Waker,
    ) -> Entered<C> {
        let (watch, ring) = core.watch.join();
        let entered = self.change(core, now, was_standing_still, |state, now, out| {
            match state.enqueue(waker.clone(), false, now, out) {
                // Something may have become fit by what had to go.
                Ok(id) => Entered::Queued(Place { id, is_answered: state.is_answered(id), watch }),
                Err(refusal) => Entered::Refused(refusal),
            }
        });
        if ring {
            self.watch.notify_one();
        }
        entered
    }

    /// A place at the head of the queue, for whoever was served already with a connection that proved to be lost; and what
    /// there is to be had at once.
    pub(super) fn enter_again(
        self: &Arc<Self>,
        borrower: Borrower,
        waker: &Waker,
    ) -> Result<Again<C>, Refusal> {
        self.update(|state, now, out| {
            let id = state.enqueue(waker.clone(), true, now, out)?;
            Ok((id, state.answer_to(id, borrower, |_| ())))
        })
    }

    /// What became of a waiter; while there is nothing, this waker is the one to wake.
    pub(super) fn ask(&self, id: WaiterId, borrower: Borrower, waker: &Waker) -> Option<Answer<Boxed<C>>> {
        let mut core = self.core.lock();
        let (_, was_standing_still) = core.clock.now();
        let answer = core.state.answer_to(id, borrower, |place| place.clone_from(waker));
        drop(core);
        if was_standing_still {
            self.keeper.notify_one();
        }
        answer
    }

    /// A connection comes back: to the first waiter, or to the idle ones.
    #[inline]
    pub(super) fn give_back(self: &Arc<Self>, id: SlotId, connection: Boxed<C>, condemned: Option<Fault>) {
        let mut core = self.core.lock();
        let (now, was_standing_still) = core.clock.now();
        // Under the lock: an alarm that rang a moment before found nothing idle to look at.
        let found = condemned.map_or_else(|| self.inspect(&connection), Found::Lost);
        let unusual = match found {
            Found::Ready => match core.state.take_back(id, connection, now) {
                Ok(woken) => {
                    let wake_keeper =
                        was_standing_still || (woken.is_some() && core.state.outage().is_some());
                    drop(core);
                    if wake_keeper {
                        self.keeper.notify_one();
                    }
                    if let Some(waker) = woken {
                        waker.wake();
                    }
                    return;
                }
                Err(connection) => (connection, Found::Ready),
            },
            found @ (Found::Dirty | Found::Lost(_)) => (connection, found),
        };
        self.give_back_otherwise(core, now, was_standing_still, id, unusual);
    }

    #[inline(never)]
    fn give_back_otherwise(
        self: &Arc<Self>,
        core: MutexGuard<'_, Core<C>>,
        now: Moment,
        was_standing_still: bool,
        id: SlotId,
        (connection, found): (Boxed<C>, Found),
    ) {
        self.change(core, now, was_standing_still, |state, now, out| {
            state.give_back(id, connection, found, now, out);
        });
    }

    /// Whoever asks, in this very moment.
    #[inline]
    pub(super) fn borrower(&self, holder: &'static Location<'static>) -> Borrower {
        Borrower { location: self.options.leak_tracking.then_some(holder), task: tokio::task::try_id() }
    }
}
