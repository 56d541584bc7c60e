//! Whoever drives: the driver's own task, or a caller that waits for an answer (`doorbell.rs`).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::sync::{Mutex, MutexGuard};

use super::doorbell::{Caller, Doorbell};

/// What is driven.
pub(super) trait Driven {
    /// Does what there is to do. Ready when nothing will ever come again. `woken`: the waker of an earlier turn was called since the
    /// last one began, which is the waker of this one as well.
    fn turn(&mut self, cx: &mut Context<'_>, woken: bool) -> Poll<()>;
}

/// Whoever is told after each turn, when nothing is locked.
pub(super) trait Onlooker {
    /// What is driven has done what there was to do, and whether that was the last time.
    fn turned(&self, over: bool);
}

/// What is driven, and what wakes those who drive.
pub(super) struct Engine<D, O> {
    /// `None` once it has ended. Locked for a turn at a time, never across an await.
    driven: Mutex<Option<D>>,
    onlooker: O,
    bell: Arc<Doorbell>,
    /// Rings the bell.
    waker: Waker,
    /// Calls the caller.
    caller: Waker,
}

impl<D: Driven, O: Onlooker> Engine<D, O> {
    pub(super) fn new(driven: D, onlooker: O, bell: Arc<Doorbell>) -> Arc<Self> {
        let waker = Waker::from(Arc::clone(&bell));
        let caller = Waker::from(Arc::new(Caller(Arc::clone(&bell))));
        Arc::new(Self { driven: Mutex::new(Some(driven)), onlooker, bell, waker, caller })
    }

    /// The task's part: all that happens while no caller drives.
    pub(super) fn attend(&self, cx: &Context<'_>) -> Poll<()> {
        if self.bell.is_over() {
            return Poll::Ready(());
        }
        if self.bell.report(cx.waker()) {
            self.turn();
            self.bell.leave();
        }
        if self.bell.is_over() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Runs a call, and drives while it waits. One call at a time.
    pub(super) fn drive<F: Future + Unpin>(self: Arc<Self>, call: F) -> Drive<F, D, O> {
        Drive { engine: self, call, driving: false }
    }

    /// Looks at what is driven, or hands it something to do; see [`ring`](Self::ring). `None`: it has ended.
    pub(super) fn with<T>(&self, look: impl FnOnce(Option<&mut D>) -> T) -> T {
        look(self.driven.lock().as_mut())
    }

    /// There is something to do.
    pub(super) fn ring(&self) {
        self.bell.ring();
    }

    /// Ends what is driven, on the spot.
    pub(super) fn stop(&self) {
        let driven = self.driven.lock().take();
        drop(driven);
    }

    /// Does what there is to do.
    fn turn(&self) {
        let mut place = self.driven.lock();
        let woken = self.bell.begin();
        let cx = &mut Context::from_waker(&self.waker);
        let over = place.as_mut().is_none_or(|driven| driven.turn(cx, woken).is_ready());
        if over {
            self.finish(place);
        } else {
            self.bell.end(false);
            drop(place);
            self.onlooker.turned(false);
        }
    }

    /// That was the last turn.
    #[cold]
    fn finish(&self, mut place: MutexGuard<'_, Option<D>>) {
        let ended = place.take();
        self.bell.end(true);
        drop(place);
        let ends = ended.is_some();
        drop(ended);
        self.onlooker.turned(ends);
        if ends {
            self.bell.wake_task();
        }
    }
}

impl<D, O: fmt::Debug> fmt::Debug for Engine<D, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("bell", &self.bell)
            .field("onlooker", &self.onlooker)
            .finish_non_exhaustive()
    }
}

/// A call that drives while it waits. Dropped, it leaves that to the driver's task.
pub(super) struct Drive<F, D: Driven, O: Onlooker> {
    engine: Arc<Engine<D, O>>,
    call: F,
    /// It was polled, and is not done.
    driving: bool,
}

/// After so many turns in a row others get a chance. The runtime's own budget makes sockets pretend that there is
/// nothing to read, and wake who asks at once.
const TURNS: usize = 8;

impl<F: Future + Unpin, D: Driven, O: Onlooker> Future for Drive<F, D, O> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { engine, call, driving } = &mut *self;
        let mut first = !std::mem::replace(driving, true);
        engine.bell.take_over(cx.waker());
        for _ in 0..TURNS {
            if engine.bell.is_rung() {
                engine.turn();
            }
            // Whatever the call waits for wakes it by this waker. Not called, it has nothing to do.
            let begins = std::mem::take(&mut first);
            if engine.bell.take_call() || begins {
                let outcome = Pin::new(&mut *call).poll(&mut Context::from_waker(&engine.caller));
                if outcome.is_ready() {
                    *driving = false;
                    engine.bell.hand_back();
                    return outcome;
                }
            }
            // A look first: what the call has just handed over is the usual case.
            if !engine.bell.is_rung() && engine.bell.may_sleep() {
                return Poll::Pending;
            }
        }
        engine.bell.leave();
        Poll::Pending
    }
}

impl<F, D: Driven, O: Onlooker> Drop for Drive<F, D, O> {
    fn drop(&mut self) {
        if self.driving {
            self.engine.bell.hand_back();
        }
    }
}
