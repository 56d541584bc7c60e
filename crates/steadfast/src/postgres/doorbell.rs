//! Who drives a connection, and whether there is something to drive that was not looked at yet.
//!
//! The driver has a task of its own, which reads for as long as the connection lives, so that an end is seen at once.
//! While a caller waits for an answer its own task drives instead: what is sent and what arrives then wakes one task and
//! not two. There is one driver at any moment. Everything that wakes the driver rings this bell, and the bell knows
//! whom to wake.
//!
//! It also knows when the driver rests. A request handed to it waits in its queue until it is driven; a caller may
//! drop the request's future and return the connection before that. No byte has been sent then, so the tap sees an
//! idle connection. The queue rings.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Wake, Waker};

use crate::sync::{AtomicU32, Mutex, Notify};

/// The driver has something to do.
const RUNG: u32 = 1;
/// What the caller waits for has something to do.
const CALLED: u32 = 2;
/// Whoever drives is at it, and looks for both once more before it sleeps: no need to wake it.
const AWAKE: u32 = 4;
/// The driver is doing what there was to do.
const TURNING: u32 = 8;
/// The connection has ended.
const OVER: u32 = 16;
/// Somebody waits until the driver rests.
const AWAITED: u32 = 32;
/// It was rung by what the driver waits for, not by whoever has handed it something.
const WOKEN: u32 = 64;

/// Stands between the driver and the wakers of those who drive.
#[derive(Debug)]
pub(super) struct Doorbell {
    state: AtomicU32,
    seats: Mutex<Seats>,
    rested: Notify,
}

/// Those who may drive.
#[derive(Debug, Default)]
struct Seats {
    /// The driver's own task.
    task: Option<Waker>,
    /// The task of a caller, who drives while it waits.
    caller: Option<Waker>,
}

impl Doorbell {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: AtomicU32::new(RUNG),
            seats: Mutex::new(Seats::default()),
            rested: Notify::new(),
        })
    }

    /// True when the driver has taken up everything that was handed to it.
    pub(super) fn is_resting(&self) -> bool {
        let state = self.state.load(Ordering::Acquire);
        state & (RUNG | TURNING) == 0 || state & OVER != 0
    }

    /// Completes as soon as the driver has taken up everything that was handed to it before the call.
    pub(super) async fn rested(&self) {
        loop {
            let rested = self.rested.notified();
            self.state.fetch_or(AWAITED, Ordering::AcqRel);
            if self.is_resting() {
                return;
            }
            rested.await;
        }
    }

    /// The driver's own task is there. False when a caller drives: then the task is woken when it has to take over.
    pub(super) fn report(&self, task: &Waker) -> bool {
        let mut seats = self.seats.lock();
        keep(&mut seats.task, task);
        let drives = seats.caller.is_none();
        drop(seats);
        if drives {
            self.wake_up();
        }
        drives
    }

    /// A caller drives from here on.
    pub(super) fn take_over(&self, caller: &Waker) {
        keep(&mut self.seats.lock().caller, caller);
        self.wake_up();
    }

    /// The caller does not drive any more. The task does, as soon as there is something to do.
    pub(super) fn hand_back(&self) {
        // First the seat: whoever rings after that wakes the task.
        let caller = self.seats.lock().caller.take();
        let before = self.state.fetch_and(!(AWAKE | CALLED), Ordering::AcqRel);
        if before & RUNG != 0 {
            self.wake_driver();
        }
        drop(caller);
    }

    /// Whoever drives wants to sleep. False when there is something to do, so that it must not.
    pub(super) fn may_sleep(&self) -> bool {
        let may = self.state.fetch_and(!AWAKE, Ordering::AcqRel) & (RUNG | CALLED) == 0;
        if !may {
            self.wake_up();
        }
        may
    }

    /// Whoever drives sleeps now. For what there is to do somebody is woken, who may be the one who leaves.
    pub(super) fn leave(&self) {
        let before = self.state.fetch_and(!AWAKE, Ordering::AcqRel);
        if before & RUNG != 0 {
            self.wake_driver();
        }
        if before & CALLED != 0 {
            self.wake_caller();
        }
    }

    /// Wakes the driver's own task, whoever drives.
    pub(super) fn wake_task(&self) {
        let task = self.seats.lock().task.clone();
        task.into_iter().for_each(Waker::wake);
    }

    /// Something was handed to the driver.
    pub(super) fn ring(&self) {
        self.rung_by(0);
    }

    fn rung_by(&self, sign: u32) {
        let before = self.state.fetch_or(RUNG | sign, Ordering::AcqRel);
        if before & (RUNG | AWAKE | OVER) == 0 {
            self.wake_driver();
        }
    }

    fn wake_driver(&self) {
        let seats = self.seats.lock();
        let driver = seats.caller.as_ref().or(seats.task.as_ref()).cloned();
        drop(seats);
        driver.into_iter().for_each(Waker::wake);
    }

    fn wake_caller(&self) {
        let caller = self.seats.lock().caller.clone();
        caller.into_iter().for_each(Waker::wake);
    }

    fn wake_up(&self) {
        self.state.fetch_or(AWAKE, Ordering::AcqRel);
    }

    /// True when the driver has something to do.
    pub(super) fn is_rung(&self) -> bool {
        self.state.load(Ordering::Acquire) & RUNG != 0
    }

    /// True once after what the caller waits for was woken.
    pub(super) fn take_call(&self) -> bool {
        self.state.load(Ordering::Relaxed) & CALLED != 0
            && self.state.fetch_and(!CALLED, Ordering::AcqRel) & CALLED != 0
    }

    /// The driver begins to do what there is; what is rung for from here on is for the next turn. True when it was woken, by
    /// its waker, since the last turn began.
    pub(super) fn begin(&self) -> bool {
        // In one step: at no moment does it look as if the driver rested.
        let begun = |state| Some((state | TURNING) & !(RUNG | WOKEN));
        let before = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, begun);
        before.is_ok_and(|before| before & WOKEN != 0)
    }

    /// The driver has done it, and whether there is nothing more to come.
    pub(super) fn end(&self, over: bool) {
        if over {
            self.state.fetch_or(OVER, Ordering::AcqRel);
        }
        let before = self.state.fetch_and(!TURNING, Ordering::AcqRel);
        if before & AWAITED != 0 && (before & RUNG == 0 || over) {
            self.state.fetch_and(!AWAITED, Ordering::AcqRel);
            self.rested.notify_waiters();
        }
    }

    /// True when the connection has ended.
    pub(super) fn is_over(&self) -> bool {
        self.state.load(Ordering::Acquire) & OVER != 0
    }
}

impl Wake for Doorbell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung_by(WOKEN);
    }
}

/// Wakes the caller, for what it waits for and not to drive.
#[derive(Debug)]
pub(super) struct Caller(pub(super) Arc<Doorbell>);

impl Wake for Caller {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let before = self.0.state.fetch_or(CALLED, Ordering::AcqRel);
        if before & (CALLED | AWAKE) == 0 {
            self.0.wake_caller();
        }
    }
}

fn keep(seat: &mut Option<Waker>, waker: &Waker) {
    match seat {
        Some(known) => known.clone_from(waker),
        None => *seat = Some(waker.clone()),
    }
}

// The path, because the model has this file under another parent.
#[cfg(all(test, not(steadfast_model)))]
#[path = "doorbell/tests.rs"]
mod tests;
