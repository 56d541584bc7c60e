//! The usual way of a connection, out to a caller and back: by the pocket of the thread, else by one lock each, and nothing
//! else to be done. What is not usual goes through [`Shared::update`].

use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;

use super::pockets::Round;
use super::pooled::Boxed;
use super::shared::{Core, Shared};
use super::state::{Answer, Borrower, Found, Moment, Refusal, WaiterId};
use super::watch::Duty;
use crate::connector::Connector;
use crate::sync::MutexGuard;

/// What a caller got who asked for a connection.
pub(super) enum Entered<C: Connector> {
    /// The one used last. Whether it is still there has not been looked at.
    Lent(Boxed<C>),
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

/// The pool's lock, what its clock said, and whether that had to be started.
type Locked<'a, C> = (MutexGuard<'a, Core<C>>, Moment, bool);

/// What became of a connection that came back: whom to wake, or what is unusual about it.
type Settled<C> = Result<Option<Waker>, (Boxed<C>, Found)>;

impl<C: Connector> Shared<C> {
    /// The connection used last, if it may be used as it is, and nobody waits.
    pub(super) fn take(self: &Arc<Self>, holder: &'static Location<'static>) -> Option<Boxed<C>> {
        let borrower = self.borrower(holder);
        self.lend(borrower).map_or_else(
            |(core, now, was_standing_still)| {
                self.change(core, now, was_standing_still, |state, now, _| {
                    // Now that the pockets are empty there may be one.
                    let (_, connection) = state.lend(borrower, now)?;
                    Some(connection.to(borrower, Round::SHUT))
                })
            },
            Some,
        )
    }

    /// The same, or a place in the queue, under one lock.
    #[inline]
    pub(super) fn enter(self: &Arc<Self>, holder: &'static Location<'static>, waker: &Waker) -> Entered<C> {
        let borrower = self.borrower(holder);
        match self.lend(borrower) {
            Ok(connection) => Entered::Lent(connection),
            Err(locked) => self.queue(locked, borrower, waker),
        }
    }

    /// The connection used last: in this thread, else in any.
    #[inline]
    fn lend(self: &Arc<Self>, borrower: Borrower) -> Result<Boxed<C>, Locked<'_, C>> {
        let parked = match self.pockets.take() {
            Some((connection, true)) if connection.borrower == borrower => return Ok(connection),
            parked => parked,
        };
        let mut core = self.core.lock();
        let (now, was_standing_still) = core.clock.now();
        if let Some((connection, _)) = parked {
            // The machine shall know who has it: it goes back first, mostly in order to be lent at once.
            match self.settle(&mut core, connection, now) {
                Ok(None) => {}
                settled => {
                    self.follow(core, now, was_standing_still, settled);
                    core = self.core.lock();
                }
            }
        }
        let Some((_, connection)) = core.state.lend(borrower, now) else {
            return Err((core, now, was_standing_still));
        };
        let connection = connection.to(borrower, self.pockets.round());
        drop(core);
        if was_standing_still {
            self.keeper.notify_one();
        }
        Ok(connection)
    }

    #[inline(never)]
    fn queue(
        self: &Arc<Self>,
        (mut core, now, was_standing_still): Locked<'_, C>,
        borrower: Borrower,
        waker: &Waker,
    ) -> Entered<C> {
        let (watch, ring) = core.watch.join();
        let entered = self.change(core, now, was_standing_still, |state, now, out| {
            // Now that the pockets are empty there may be one.
            if let Some((_, connection)) = state.lend(borrower, now) {
                return Entered::Lent(connection.to(borrower, Round::SHUT));
            }
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

    /// A connection comes back: into this thread's pocket, to the first waiter, or to the idle ones.
    #[inline]
    pub(super) fn give_back(self: &Arc<Self>, connection: Boxed<C>) {
        let is_ready = |connection: &Boxed<C>| {
            connection.condemned.is_none() && matches!(self.inspect(connection), Found::Ready)
        };
        for connection in self.pockets.keep(connection, is_ready).into_iter().flatten() {
            let mut core = self.core.lock();
            let (now, was_standing_still) = core.clock.now();
            let settled = self.settle(&mut core, connection, now);
            self.follow(core, now, was_standing_still, settled);
        }
    }

    /// Puts a connection where it belongs, if nothing is unusual about it.
    #[inline]
    fn settle(&self, core: &mut Core<C>, mut connection: Boxed<C>, now: Moment) -> Settled<C> {
        // Under the lock: an alarm that rang a moment before found nothing idle to look at.
        match connection.condemned.take().map_or_else(|| self.inspect(&connection), Found::Lost) {
            Found::Ready => {
                let id = connection.id;
                core.state.take_back(id, connection, now).map_err(|connection| (connection, Found::Ready))
            }
            found @ (Found::Dirty | Found::Lost(_)) => Err((connection, found)),
        }
    }

    /// Does what follows, without the lock.
    #[inline]
    fn follow(
        self: &Arc<Self>,
        core: MutexGuard<'_, Core<C>>,
        now: Moment,
        was_standing_still: bool,
        settled: Settled<C>,
    ) {
        match settled {
            Ok(woken) => {
                let wake_keeper = was_standing_still || (woken.is_some() && core.state.outage().is_some());
                drop(core);
                if wake_keeper {
                    self.keeper.notify_one();
                }
                if let Some(waker) = woken {
                    waker.wake();
                }
            }
            Err(unusual) => self.give_back_otherwise((core, now, was_standing_still), unusual),
        }
    }

    #[inline(never)]
    fn give_back_otherwise(
        self: &Arc<Self>,
        (core, now, was_standing_still): Locked<'_, C>,
        (connection, found): (Boxed<C>, Found),
    ) {
        self.change(core, now, was_standing_still, |state, now, out| {
            state.give_back(connection.id, connection, found, now, out);
        });
    }

    /// Whoever asks, in this very moment.
    #[inline]
    pub(super) fn borrower(&self, holder: &'static Location<'static>) -> Borrower {
        Borrower { location: self.options.leak_tracking.then_some(holder), task: tokio::task::try_id() }
    }
}
