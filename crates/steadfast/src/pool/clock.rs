//! The pool's own coarse clock, so that the fast path need not read the real one.

use super::state::Moment;
use crate::time::{Duration, Instant};

/// Moves on by itself while the pool is in use (the keeper moves it), and stands still otherwise.
///
/// A connection counts as idle for up to one [`TICK`] less than it really was; every limit that the clock is
/// used for is longer by orders of magnitude.
#[derive(Debug)]
pub(super) struct Clock {
    origin: Instant,
    coarse: Moment,
    running: bool,
    /// Whether anything has happened since the keeper last looked.
    used: bool,
    quiet_ticks: u32,
}

/// How often the keeper moves the clock while the pool is in use.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// After so many ticks in which nothing happened the clock stops.
const QUIET_TICKS: u32 = 20;

impl Clock {
    pub(super) fn new() -> Self {
        let origin = Instant::now();
        Self { origin, coarse: Moment::at(Duration::ZERO), running: false, used: false, quiet_ticks: 0 }
    }

    /// The time, and whether the keeper must be woken because the clock was standing still.
    #[inline]
    pub(super) fn now(&mut self) -> (Moment, bool) {
        // Written only when it changes: other threads look at what lies beside it.
        if !self.used {
            self.used = true;
        }
        if self.running {
            return (self.coarse, false);
        }
        (self.start(), true)
    }

    #[cold]
    fn start(&mut self) -> Moment {
        self.running = true;
        self.quiet_ticks = 0;
        self.read()
    }

    /// The exact time.
    pub(super) fn read(&mut self) -> Moment {
        self.coarse = Moment::at(self.origin.elapsed());
        self.coarse
    }

    /// Called by the keeper: moves the clock, or stops it. Gives whether it goes on.
    pub(super) fn tick(&mut self) -> bool {
        let _now = self.read();
        self.quiet_ticks = if std::mem::take(&mut self.used) { 0 } else { self.quiet_ticks + 1 };
        self.running = self.quiet_ticks < QUIET_TICKS;
        self.running
    }

    /// The same moment as the rest of the program knows it.
    pub(super) fn instant(&self, moment: Moment) -> Instant {
        self.origin + moment.since_start()
    }
}
