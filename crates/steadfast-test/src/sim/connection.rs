//! A simulated connection, as its holder sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use steadfast::connector::Alarm;
use steadfast::error::Fault;
use steadfast::verdict::{Class, Step};
use tokio::time::Instant;

use super::server::World;

/// A simulated connection.
#[derive(Debug)]
pub struct SimConnection {
    pub(super) id: u64,
    pub(super) line: Arc<Line>,
    pub(super) world: Arc<Mutex<World>>,
}

/// What server and client know of a connection.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) lost: AtomicBool,
    pub(super) silent: AtomicBool,
    pub(super) dirty: AtomicBool,
    held: AtomicBool,
    opened: Instant,
    times: Mutex<Times>,
    alarm: Alarm,
}

#[derive(Debug, Clone, Copy)]
struct Times {
    proved: Instant,
    worked: Instant,
    returned: Option<Instant>,
}

impl Line {
    pub(super) fn new(alarm: Alarm) -> Self {
        let now = Instant::now();
        Self {
            lost: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            dirty: AtomicBool::new(false),
            held: AtomicBool::new(false),
            opened: now,
            times: Mutex::new(Times { proved: now, worked: now, returned: None }),
            alarm,
        }
    }

    /// The peer ends it, which can be seen without asking.
    pub(super) fn end(&self) {
        self.lost.store(true, Ordering::SeqCst);
        self.alarm.ring();
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::SeqCst)
    }

    /// It answered a ping.
    pub(super) fn prove(&self) {
        let now = Instant::now();
        let mut times = self.times.lock();
        (times.proved, times.worked) = (now, now);
    }

    /// It did something for somebody.
    pub(super) fn work(&self) {
        self.times.lock().worked = Instant::now();
    }
}

impl SimConnection {
    /// Which connection this is, counted from one.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// When it was opened.
    #[must_use]
    pub fn opened_at(&self) -> Instant {
        self.line.opened
    }

    /// When it last proved to work: by being opened or by answering a ping.
    #[must_use]
    pub fn proved_at(&self) -> Instant {
        self.line.times.lock().proved
    }

    /// When it last may have worked, as far as its pool can know: the same, or cleaned, or taken by a holder.
    #[must_use]
    pub fn worked_at(&self) -> Instant {
        self.line.times.lock().worked
    }

    /// When its last holder gave it back.
    #[must_use]
    pub fn returned_at(&self) -> Option<Instant> {
        self.line.times.lock().returned
    }

    /// Sends a request, as its holder does.
    ///
    /// # Errors
    /// What the holder of a real connection would be told, when it has ended or gone silent.
    pub fn request(&self) -> Result<(), Fault> {
        if self.is_lost() || self.line.is_silent() {
            return Err(Fault::new(Class::ConnectionLost, Step::Statement, "simulated: no answer"));
        }
        Ok(())
    }

    /// Leaves something behind that must be cleaned.
    pub fn soil(&self) {
        self.line.dirty.store(true, Ordering::SeqCst);
    }

    /// The peer ends the connection; no alarm rings.
    pub fn lose(&self) {
        self.line.lost.store(true, Ordering::SeqCst);
    }

    /// True when the peer has ended it.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.line.lost.load(Ordering::SeqCst)
    }

    /// True when somebody left something behind that was not cleaned.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.line.dirty.load(Ordering::SeqCst)
    }

    /// Notes that the caller holds the connection now.
    ///
    /// # Panics
    /// When somebody holds it already.
    pub fn hold(&self) {
        assert!(!self.line.held.swap(true, Ordering::SeqCst), "connection {} is in two hands", self.id);
        self.line.work();
    }

    /// Notes that the caller is about to give it back.
    pub fn let_go(&self) {
        self.line.held.store(false, Ordering::SeqCst);
        self.line.times.lock().returned = Some(Instant::now());
    }
}

impl Drop for SimConnection {
    fn drop(&mut self) {
        self.world.lock().forget(self.id);
    }
}
