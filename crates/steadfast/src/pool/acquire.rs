//! Getting a connection: at once when one is fit for use, else in the queue.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::lease::Lease;
use super::shared::{Boxed, Shared};
use super::state::{Answer, Borrower, Refusal, SlotId, State, WaiterId};
use crate::connector::Connector;
use crate::error::{AcquireError, AcquireFailure, Holder};
use crate::event::Event;
use crate::time::{Duration, Elapsed, Instant, timeout_at};

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
}

/// A connection that is fit for use right now, if there is one.
pub(super) fn at_once<C: Connector>(
    shared: &Arc<Shared<C>>,
    holder: &'static Location<'static>,
) -> Option<Lease<C>> {
    loop {
        let (id, connection) = shared.take(holder)?;
        let lease = Lease::new(shared, id, connection);
        if lease.is_ready() {
            return Some(lease);
        }
        // Its peer has ended it while it was idle. Dropping it says so, and the next one is looked at.
    }
}

/// A connection, waiting for it as long as the caller will.
pub(super) async fn acquire<C: Connector>(
    shared: &Arc<Shared<C>>,
    patience: Patience,
    holder: &'static Location<'static>,
) -> Result<Lease<C>, AcquireError> {
    if !shared.is_own_process() && !shared.adopt() {
        let refusal = Refusal { failure: AcquireFailure::Closed, fault: None };
        return Err(explain(shared, refusal, Duration::ZERO));
    }
    if let Some(lease) = at_once(shared, holder) {
        return Ok(lease.measured(Duration::ZERO));
    }
    let started = Instant::now();
    let deadline = patience.deadline(started);
    let aside = matches!(patience, Patience::Aside(_));
    let mut at_head = false;
    loop {
        let waiting = Waiting { shared, at_head, holder, id: None };
        let refusal = match wait(waiting, started, deadline, aside).await {
            Ok(Ok((id, connection))) => {
                let lease = Lease::new(shared, id, connection);
                if lease.is_ready() {
                    return Ok(lease.measured(started.elapsed()));
                }
                at_head = true;
                continue;
            }
            Ok(Err(refusal)) => refusal,
            Err(_) => Refusal { failure: AcquireFailure::TimedOut, fault: None },
        };
        let error = explain(shared, refusal, started.elapsed());
        if !aside {
            shared.announce(&Event::AcquireFailed { failure: error.failure, waited: error.waited });
        }
        return Err(error);
    }
}

/// Waits until the deadline. On the way there it is looked whether this waits for itself.
async fn wait<C: Connector>(
    mut waiting: Waiting<'_, C>,
    started: Instant,
    deadline: Instant,
    aside: bool,
) -> Result<<Waiting<'_, C> as Future>::Output, Elapsed> {
    let suspicious = started + LONG_WAIT;
    if !aside && suspicious < deadline {
        if let Ok(answer) = timeout_at(suspicious, &mut waiting).await {
            return Ok(answer);
        }
        waiting.shared.tell_of_waiting_for_itself(waiting.holder);
    }
    timeout_at(deadline, waiting).await
}

/// Whoever waits longer and holds a connection itself is told of.
const LONG_WAIT: Duration = Duration::from_secs(1);

/// A place in the queue, given up on drop. What was granted by then goes to the next.
struct Waiting<'a, C: Connector> {
    shared: &'a Arc<Shared<C>>,
    at_head: bool,
    holder: &'static Location<'static>,
    id: Option<WaiterId>,
}

impl<C: Connector> Future for Waiting<'_, C> {
    type Output = Result<(SlotId, Boxed<C>), Refusal>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let borrower = this.shared.borrower(this.holder);
        let answer = match this.id {
            Some(id) => {
                let waker = |waker: &mut Waker| waker.clone_from(context.waker());
                this.shared.update(|state, _, _| answer_to(state, id, waker, borrower))
            }
            None => {
                let waker = context.waker().clone();
                let at_head = this.at_head;
                let queued = this.shared.update(|state, now, out| {
                    let id = state.enqueue(waker, at_head, now, out)?;
                    // Something may have been idle and fit in the meantime.
                    Ok((id, answer_to(state, id, |_| (), borrower)))
                });
                match queued {
                    Ok((id, answer)) => {
                        this.id = Some(id);
                        answer
                    }
                    Err(refusal) => return Poll::Ready(Err(refusal)),
                }
            }
        };
        let answer = ready!(answer.map_or(Poll::Pending, Poll::Ready));
        this.id = None;
        Poll::Ready(match answer {
            Answer::Granted(slot, connection) => Ok((slot, connection)),
            Answer::Refused(refusal) => Err(refusal),
        })
    }
}

/// What became of a waiter; whoever got a connection is recorded.
fn answer_to<C>(
    state: &mut State<C, Waker>,
    id: WaiterId,
    waker: impl FnOnce(&mut Waker),
    borrower: Borrower,
) -> Option<Answer<C>> {
    let answer = state.take_answer(id, waker);
    if let Some(Answer::Granted(slot, _)) = &answer {
        state.set_borrower(*slot, borrower);
    }
    answer
}

impl<C: Connector> Drop for Waiting<'_, C> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take()
            && self.shared.is_own_process()
        {
            let look = |connection: &Boxed<C>| self.shared.inspect(connection);
            self.shared.update(|state, now, out| state.cancel(id, look, now, out));
        }
    }
}

/// Everything that can be said about why there is no connection.
pub(super) fn explain<C: Connector>(shared: &Shared<C>, refusal: Refusal, waited: Duration) -> AcquireError {
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
        error
    })
}
