//! The driver: what turns requests into bytes and bytes into answers. It has a task of its own, and whoever waits for an
//! answer drives it in the task's place (`doorbell.rs`).

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::connector::Alarm;
use crate::tasks;
use crate::time::{Duration, timeout};

use super::cancel::Route;
use super::doorbell::{Caller, Doorbell};
use super::observed::Observed;
use super::signs::End;
use super::tap::Tap;
use super::transport::{Bound, Transport};

/// The driver's half of a connection.
pub(super) type DriverHalf = tokio_postgres::Connection<Tap<Transport>, Bound<Tap<Transport>>>;

/// The running driver. Dropping it closes the socket on the spot. A request that still runs is cancelled in the
/// background: the server would go on with it, and keep its locks, until it has something to send.
#[derive(Debug)]
pub(super) struct Driver {
    task: JoinHandle<()>,
    engine: Arc<Engine>,
    route: Arc<Route>,
}

impl Driver {
    /// Starts the driver. `alarm` is rung when the connection ends or is about to.
    pub(super) fn start(
        half: DriverHalf,
        bell: Arc<Doorbell>,
        observed: Arc<Observed>,
        route: Arc<Route>,
        alarm: Alarm,
    ) -> Self {
        let waker = Waker::from(Arc::clone(&bell));
        let caller = Waker::from(Arc::new(Caller(Arc::clone(&bell))));
        let half = Mutex::new(Some(half));
        let engine = Arc::new(Engine { half, waker, caller, bell, observed, alarm });
        let running = Running(Arc::clone(&engine));
        let task = tasks::spawn("postgres driver", poll_fn(move |cx| running.0.attend(cx)));
        Self { task, engine, route }
    }

    /// For a call of this connection's, which cannot borrow the driver as well.
    pub(super) fn wheel(&self) -> Wheel {
        Wheel(Arc::clone(&self.engine))
    }

    /// Completes when the driver has ended.
    pub(super) async fn ended(&mut self) {
        // A panic in the task is reported by whoever started it.
        drop((&mut self.task).await);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let Engine { bell, observed, .. } = &*self.engine;
        let runs = !observed.is_over() && (observed.is_busy() || !bell.is_resting());
        self.task.abort();
        self.engine.stop();
        if runs && let Ok(runtime) = Handle::try_current() {
            let (route, observed) = (Arc::clone(&self.route), Arc::clone(observed));
            tasks::spawn_on(&runtime, "postgres cancel", async move {
                // Whether it arrives or not: nobody is left to be told.
                drop(timeout(CANCEL_WITHIN, route.cancel(&observed)).await);
            });
        }
    }
}

/// A cancel request that takes longer would find the server in a state in which it does not matter.
const CANCEL_WITHIN: Duration = Duration::from_secs(10);

/// With this a caller drives a connection.
pub(super) struct Wheel(Arc<Engine>);

impl Wheel {
    /// Runs a call and drives the connection while it waits. One call at a time: it has the connection to itself.
    pub(super) fn drive<F: Future + Unpin>(self, call: F) -> Drive<F> {
        Drive { engine: self.0, call, stage: Stage::New }
    }
}

/// A call that drives the connection while it waits. Dropped, it leaves that to the driver's task.
pub(super) struct Drive<F> {
    engine: Arc<Engine>,
    call: F,
    stage: Stage,
}

#[derive(PartialEq, Eq)]
enum Stage {
    New,
    Driving,
    Done,
}

/// After so many turns in a row others get a chance. The runtime's own budget makes sockets pretend that there is
/// nothing to read, and wake who asks at once.
const TURNS: usize = 8;

impl<F: Future + Unpin> Future for Drive<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { engine, call, stage } = &mut *self;
        engine.bell.take_over(cx.waker());
        for _ in 0..TURNS {
            if engine.bell.is_rung() {
                engine.turn();
            }
            // Whatever the call waits for wakes it by this waker. Not called, it has nothing to do.
            let called = engine.bell.take_call();
            if called || *stage == Stage::New {
                *stage = Stage::Driving;
                let outcome = Pin::new(&mut *call).poll(&mut Context::from_waker(&engine.caller));
                if outcome.is_ready() {
                    *stage = Stage::Done;
                    engine.bell.hand_back();
                    return outcome;
                }
            }
            if engine.bell.may_sleep() {
                return Poll::Pending;
            }
        }
        engine.bell.leave();
        Poll::Pending
    }
}

impl<F> Drop for Drive<F> {
    fn drop(&mut self) {
        if self.stage == Stage::Driving {
            self.engine.bell.hand_back();
        }
    }
}

/// What is driven, by the task or by a caller.
struct Engine {
    /// `None` once the connection has ended. Locked for a turn at a time, never across an await.
    half: Mutex<Option<DriverHalf>>,
    /// Rings the bell.
    waker: Waker,
    /// Calls the caller.
    caller: Waker,
    bell: Arc<Doorbell>,
    observed: Arc<Observed>,
    alarm: Alarm,
}

impl Engine {
    /// The task's part: all that happens while no caller drives.
    fn attend(&self, cx: &Context<'_>) -> Poll<()> {
        if self.bell.is_over() {
            return Poll::Ready(());
        }
        if self.bell.report(cx.waker()) {
            self.turn();
            self.bell.leave();
        }
        if self.bell.is_over() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Does what there is to do.
    fn turn(&self) {
        let mut place = self.half.lock();
        self.bell.begin();
        let over = place.as_mut().is_none_or(|half| self.run(half).is_ready());
        let ended = if over { place.take() } else { None };
        self.bell.end(over);
        drop(place);
        if let Some(half) = ended {
            drop(half);
            // Whatever ended the driver: the connection is of no use any more.
            self.observed.ended(End::Eof);
            self.bell.wake_task();
        }
        if self.observed.take_news() {
            self.alarm.ring();
        }
    }

    fn run(&self, half: &mut DriverHalf) -> Poll<()> {
        let cx = &mut Context::from_waker(&self.waker);
        loop {
            match half.poll_message(cx) {
                // Notices and notifications; nobody listens to them here.
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Closes the socket on the spot.
    fn stop(&self) {
        let half = self.half.lock().take();
        drop(half);
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("bell", &self.bell).finish_non_exhaustive()
    }
}

/// Held by the task: when that is gone, as with its runtime, so is the socket.
struct Running(Arc<Engine>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stop();
    }
}
