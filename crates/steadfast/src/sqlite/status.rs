//! What the thread of a connection lets others know without being asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::connector::Alarm;
use crate::sqlite::cancel::Cancel;

/// Written by the thread, read by the handle. Each flag stands for itself, so no order between them is needed;
/// the reply to a command orders them before whatever its caller does next.
#[derive(Debug, Default)]
pub(super) struct Status {
    open: AtomicBool,
    changed: AtomicBool,
    ended: AtomicBool,
    pub(super) cancel: Arc<Cancel>,
}

impl Status {
    /// Whether SQLite has a transaction open.
    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    pub(super) fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Release);
    }

    /// Whether settings were changed since the connection was opened.
    pub(super) fn is_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }

    pub(super) fn set_changed(&self, changed: bool) {
        self.changed.store(changed, Ordering::Release);
    }

    /// Whether the thread is gone.
    pub(super) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

/// Held by the thread: tells the end of it, however it came.
#[derive(Debug)]
pub(super) struct Presence {
    status: Arc<Status>,
    alarm: Alarm,
}

impl Presence {
    pub(super) fn new(status: Arc<Status>, alarm: Alarm) -> Self {
        Self { status, alarm }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.status.ended.store(true, Ordering::Release);
        if std::thread::panicking() {
            tracing::error!("bug: the thread of a SQLite connection panicked");
            self.alarm.ring();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_panics_rings_the_alarm_and_one_that_ends_does_not() {
        let rung = Arc::new(AtomicBool::new(false));
        let alarm = {
            let rung = Arc::clone(&rung);
            Alarm::new(move || rung.store(true, Ordering::SeqCst))
        };
        let status = Arc::new(Status::default());
        drop(Presence::new(Arc::clone(&status), alarm.clone()));
        assert!(status.is_ended());
        assert!(!rung.load(Ordering::SeqCst));

        let presence = Presence::new(Arc::clone(&status), alarm);
        let thread = std::thread::spawn(move || {
            let _presence = presence;
            panic!("on purpose");
        });
        assert!(thread.join().is_err());
        assert!(rung.load(Ordering::SeqCst));
    }
}
