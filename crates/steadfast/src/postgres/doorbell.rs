//! Whether the driver has something to do that it has not done yet.
//!
//! A request handed to the driver waits in the driver's queue until its task runs; a caller may drop the
//! request's future and return the connection before that. No byte has been sent then, so the tap sees an
//! idle connection. The queue wakes the driver's task: the doorbell listens to that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;
use tokio::sync::Notify;

const RESTING: u8 = 0;
const RUNG: u8 = 1;
const RUNNING: u8 = 2;
const OVER: u8 = 3;

/// Stands between the driver and the waker of its task.
#[derive(Debug)]
pub(super) struct Doorbell {
    state: AtomicU8,
    task: Mutex<Option<Waker>>,
    rested: Notify,
}

impl Doorbell {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { state: AtomicU8::new(RUNG), task: Mutex::new(None), rested: Notify::new() })
    }

    /// True when the driver has taken up everything that was handed to it.
    pub(super) fn is_resting(&self) -> bool {
        matches!(self.state.load(Ordering::Acquire), RESTING | OVER)
    }

    /// Completes as soon as the driver has taken up everything that was handed to it before the call.
    pub(super) async fn rested(&self) {
        loop {
            let rested = self.rested.notified();
            if self.is_resting() {
                return;
            }
            rested.await;
        }
    }

    /// Lets the driver run once, with a waker that tells us first.
    pub(super) fn run<T>(
        self: &Arc<Self>,
        cx: &Context<'_>,
        driver: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        {
            let mut task = self.task.lock();
            if !task.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
                *task = Some(cx.waker().clone());
            }
        }
        self.state.store(RUNNING, Ordering::Release);
        let waker = Waker::from(Arc::clone(self));
        let outcome = driver(&mut Context::from_waker(&waker));
        if outcome.is_ready() {
            self.state.store(OVER, Ordering::Release);
        } else if self.state.compare_exchange(RUNNING, RESTING, Ordering::AcqRel, Ordering::Acquire).is_err()
        {
            // Rung while it ran: the task has been woken and comes back.
            return outcome;
        }
        self.rested.notify_waiters();
        outcome
    }
}

impl Wake for Doorbell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let moved = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| (state != OVER).then_some(RUNG));
        if moved.is_ok() {
            let task = self.task.lock().clone();
            if let Some(task) = task {
                task.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::task::noop_waker;

    use super::*;

    #[test]
    fn it_rests_only_when_nobody_rang_since_the_driver_began_to_run() {
        let bell = Doorbell::new();
        assert!(!bell.is_resting(), "the first run is still to come");
        let waker = noop_waker();
        let cx = Context::from_waker(&waker);
        let mut kept = None;
        let outcome: Poll<()> = bell.run(&cx, |cx| {
            kept = Some(cx.waker().clone());
            Poll::Pending
        });
        assert!(outcome.is_pending() && bell.is_resting());
        kept.as_ref().unwrap().wake_by_ref();
        assert!(!bell.is_resting(), "something was handed over");
        let outcome: Poll<()> = bell.run(&cx, |cx| {
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        assert!(outcome.is_pending() && !bell.is_resting(), "rung while it ran");
        let _ = bell.run(&cx, |_| Poll::Ready(()));
        kept.unwrap().wake();
        assert!(bell.is_resting(), "what is over takes up nothing, and nothing waits for it");
    }
}
