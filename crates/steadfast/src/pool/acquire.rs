//! Getting a connection: at once when one is fit for use, else in the queue.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::lanes::Lane;
use super::lease::Lease;
use super::lending::{Entered, Place};
use super::pockets::Round;
use super::pooled::Boxed;
use super::shared::Shared;
use super::state::{Answer, Borrower, Refusal, WaiterId};
use super::watch::TRUST;
use crate::by_thread::ByThread;
use crate::connector::Connector;
use crate::error::{AcquireError, AcquireFailure, Holder};
use crate::event::Event;
use crate::time::{Duration, Instant, sleep_until};

/// How long a caller will wait.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    For(Duration),
    Until(Instant),
    /// For the pool's own needs: nobody is told of a wait that ends without a connection.
    Aside(Instant),
}

impl Patience {
    fn deadline(self, now: Instant) -> Instant {
        match self {
            Self::For(duration) => now + duration,
            Self::Until(deadline) | Self::Aside(deadline) => deadline,
        }
    }

    /// True when the deadline is further away than this.
    fn exceeds(self, duration: Duration, now: Instant) -> bool {
        match self {
            Self::For(patience) => patience > duration,
            Self::Until(deadline) | Self::Aside(deadline) => deadline > now + duration,
        }
    }

    const fn is_aside(self) -> bool {
        matches!(self, Self::Aside(_))
    }
}

/// A connection that is fit for use right now, if there is one.
pub(super) fn at_once<C: Connector>(
    shared: &Arc<Shared<C>>,
    lanes: &ByThread<Lane<C>>,
    holder: &'static Location<'static>,
) -> Option<Lease<C>> {
    loop {
        let lease = Lease::new(lanes.here(), shared.take(holder)?);
        if lease.is_ready() {
            return Some(lease);
        }
        // Its peer has ended it while it was idle. Dropping it says so, and the next one is looked at.
    }
}

/// A connection, waiting for it as long as the caller will.
#[inline]
pub(super) fn acquire<'a, C: Connector>(
    shared: &'a Arc<Shared<C>>,
    lanes: &'a ByThread<Lane<C>>,
    patience: Patience,
    holder: &'static Location<'static>,
) -> Acquire<'a, C> {
    Acquire { shared, lanes, patience, holder, stage: Stage::New }
}

/// Written by hand, so that the usual case moves a lease once, and that what waits is small. On drop the place in the
/// queue is given up; what was granted by then goes to the next.
pub(super) struct Acquire<'a, C: Connector> {
    shared: &'a Arc<Shared<C>>,
    lanes: &'a ByThread<Lane<C>>,
    patience: Patience,
    holder: &'static Location<'static>,
    stage: Stage,
}

enum Stage {
    New,
    Waiting(Wait),
    Ended,
}

/// A wait in the queue.
struct Wait {
    /// `None` once it was answered: then there is no place to give up.
    id: Option<WaiterId>,
    started: Instant,
    /// It has not been looked yet whether this waits for itself.
    is_unsuspected: bool,
    /// What wakes it at the next instant of interest; `None` as long as the watch does.
    timer: Option<Timer>,
}

/// In a box: most waits are over before they need one.
type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

type Acquired<C> = Result<Lease<C>, AcquireError>;

impl<C: Connector> Future for Acquire<'_, C> {
    type Output = Acquired<C>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if !matches!(this.stage, Stage::New) || !this.shared.is_own_process() {
            return this.go_on(context);
        }
        loop {
            match this.shared.enter(this.holder, context.waker()) {
                Entered::Lent(connection) => {
                    this.stage = Stage::Ended;
                    let mut lease = Lease::new(this.lanes.here(), connection);
                    if lease.is_ready() {
                        lease.measure(None);
                        return Poll::Ready(Ok(lease));
                    }
                    // Its peer has ended it while it was idle. Dropping it says so, and the next one is looked at.
                }
                Entered::Queued(place) => return this.join(&place, context),
                Entered::Refused(refusal) => return this.refuse(refusal, Duration::ZERO),
            }
        }
    }
}

impl<C: Connector> Acquire<'_, C> {
    /// All that is not the usual case.
    #[inline(never)]
    fn go_on(&mut self, context: &mut Context<'_>) -> Poll<Acquired<C>> {
        match self.stage {
            Stage::Waiting(_) => self.ask(context),
            Stage::New if self.shared.adopt() => Pin::new(self).poll(context),
            Stage::New => self.refuse(Refusal::closed(), Duration::ZERO),
            Stage::Ended => bug(),
        }
    }

    /// It has just joined the queue.
    #[inline(never)]
    fn join(&mut self, place: &Place, context: &mut Context<'_>) -> Poll<Acquired<C>> {
        let started = Instant::now();
        let is_unsuspected = !self.patience.is_aside();
        self.stage = Stage::Waiting(Wait { id: Some(place.id), started, is_unsuspected, timer: None });
        if place.is_answered {
            self.ask(context)
        } else if self.patience.exceeds(TRUST, started)
            && place.watch.is_some_and(|duty| duty.is_here(started))
        {
            Poll::Pending
        } else {
            self.watch_the_clock(context)
        }
    }

    /// What became of it? Whoever was called by the watch, or polled for any other reason, has a timer from then on.
    fn ask(&mut self, context: &mut Context<'_>) -> Poll<Acquired<C>> {
        let Stage::Waiting(wait) = &mut self.stage else { bug() };
        let Some(id) = wait.id else { bug() };
        let started = wait.started;
        let borrower = self.shared.borrower(self.holder);
        let mut answer = self.shared.ask(id, borrower, context.waker());
        loop {
            let Some(known) = answer else { return self.watch_the_clock(context) };
            wait.id = None;
            let refusal = match known {
                Answer::Refused(refusal) => refusal,
                Answer::Granted(_, connection) => {
                    // It may have become suspect since it was granted: the machine is to have a look at it.
                    let connection = connection.to(borrower, Round::SHUT);
                    let mut lease = Lease::new(self.lanes.here(), connection);
                    if lease.is_ready() {
                        self.stage = Stage::Ended;
                        lease.measure(Some(started));
                        return Poll::Ready(Ok(lease));
                    }
                    drop(lease);
                    // Who was served already is not a newcomer, and not one whom the watch calls.
                    match self.shared.enter_again(borrower, context.waker()) {
                        Ok((id, at_once)) => {
                            (wait.id, answer) = (Some(id), at_once);
                            continue;
                        }
                        Err(refusal) => refusal,
                    }
                }
            };
            return self.refuse(refusal, started.elapsed());
        }
    }

    /// Waits until the deadline. On the way there it is looked whether this waits for itself.
    fn watch_the_clock(&mut self, context: &mut Context<'_>) -> Poll<Acquired<C>> {
        let Stage::Waiting(wait) = &mut self.stage else { bug() };
        let (suspicious, deadline) = (wait.started + LONG_WAIT, self.patience.deadline(wait.started));
        loop {
            let is_unsuspected = wait.is_unsuspected && suspicious < deadline;
            let due = if is_unsuspected { suspicious } else { deadline };
            let timer = wait.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            ready!(timer.as_mut().poll(context));
            if !is_unsuspected {
                break;
            }
            (wait.is_unsuspected, wait.timer) = (false, None);
            self.shared.tell_of_waiting_for_itself(self.holder);
        }
        let waited = wait.started.elapsed();
        self.leave();
        self.refuse(Refusal { failure: AcquireFailure::TimedOut, fault: None }, waited)
    }

    /// Gives up the place in the queue.
    fn leave(&mut self) {
        if let Stage::Waiting(Wait { id: Some(id), .. }) = std::mem::replace(&mut self.stage, Stage::Ended)
            && self.shared.is_own_process()
        {
            let look = |connection: &Boxed<C>| self.shared.inspect(connection);
            self.shared.update(|state, now, out| state.cancel(id, look, now, out));
        }
    }

    /// The end of a wait, of which the observers are told.
    #[inline(never)]
    fn refuse(&mut self, refusal: Refusal, waited: Duration) -> Poll<Acquired<C>> {
        self.stage = Stage::Ended;
        let error = explain(self.shared, refusal, waited);
        if !self.patience.is_aside() {
            self.shared.announce(&Event::AcquireFailed { failure: error.failure, waited: error.waited });
        }
        Poll::Ready(Err(error))
    }
}

impl<C: Connector> Drop for Acquire<'_, C> {
    #[inline]
    fn drop(&mut self) {
        if let Stage::Waiting(_) = self.stage {
            self.leave();
        }
    }
}

/// Whoever waits longer and holds a connection itself is told of.
const LONG_WAIT: Duration = Duration::from_secs(1);

/// Everything that can be said about why there is no connection.
pub(super) fn explain<C: Connector>(
    shared: &Arc<Shared<C>>,
    refusal: Refusal,
    waited: Duration,
) -> AcquireError {
    shared.look(|state, now| {
        let status = state.status(now);
        let mut error = AcquireError::new(refusal.failure, state.phase(), waited);
        error.leased = status.leased;
        error.capacity = status.capacity();
        error.waiting = status.waiting;
        error.held_by_caller = tokio::task::try_id().map_or(0, |task| state.held_by(task));
        let holder = |(Borrower { location, task }, since)| {
            location.map(|location| Holder { location, task, held: now.since(since) })
        };
        error.holders = state.holders().into_iter().filter_map(holder).collect();
        let fault = refusal.fault.or_else(|| state.last_connect().cloned());
        error.last_connect = fault.map(Box::new);
        error.recovered =
            state.recovered_within(waited, now).map(|(fault, ago)| (Box::new(fault.clone()), ago));
        error
    })
}

#[cold]
#[expect(clippy::panic, reason = "only a mistake in this file, or a poll after the end, leads here")]
fn bug() -> ! {
    panic!("bug: a wait went on that had ended")
}
