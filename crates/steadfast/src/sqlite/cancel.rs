//! How a running statement is told to stop.
//!
//! SQLite's own interrupt is lost when it comes a moment before the statement starts, and not heard while
//! SQLite waits for a lock. A number that the progress handler and the busy handler compare is neither.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::{Duration, Instant};

/// The longest pause between two tries for a lock, and so the time that a waiting statement needs to notice
/// that it is not wanted any more.
const LONGEST_PAUSE: Duration = Duration::from_millis(25);

/// Which command runs, and up to which one nobody wants the answers any more. Commands count from one, and
/// opening the database is the first.
#[derive(Debug)]
pub(super) struct Cancel {
    running: AtomicU64,
    unwanted: AtomicU64,
}

impl Default for Cancel {
    fn default() -> Self {
        Self { running: AtomicU64::new(1), unwanted: AtomicU64::new(0) }
    }
}

impl Cancel {
    /// The thread begins with this command.
    pub(super) fn start(&self, number: u64) {
        self.running.store(number, Ordering::Release);
    }

    /// Nobody wants this command's answer, nor an earlier one's.
    pub(super) fn ask(&self, number: u64) {
        self.unwanted.fetch_max(number, Ordering::AcqRel);
    }

    /// Nobody wants anything any more.
    pub(super) fn ask_all(&self) {
        self.ask(u64::MAX);
    }

    /// Whether the running command should stop.
    pub(super) fn is_asked(&self) -> bool {
        self.unwanted.load(Ordering::Acquire) >= self.running.load(Ordering::Acquire)
    }
}

/// How the thread of a connection waits for locks.
#[derive(Debug)]
struct Patience {
    cancel: Arc<Cancel>,
    limit: Duration,
    since: Option<Instant>,
}

thread_local! {
    /// SQLite's busy handler is a plain function here; a connection is used by one thread only.
    static PATIENCE: RefCell<Option<Patience>> = const { RefCell::new(None) };
}

/// Sets how long this thread waits for a lock, and what ends the wait early.
pub(super) fn wait_for_locks(cancel: Arc<Cancel>, limit: Duration) {
    PATIENCE.with_borrow_mut(|patience| *patience = Some(Patience { cancel, limit, since: None }));
}

/// Runs something that should fail at once where it would have to wait for a lock.
pub(super) fn without_patience<T>(act: impl FnOnce() -> T) -> T {
    let set = |limit| {
        PATIENCE.with_borrow_mut(|patience| {
            patience.as_mut().map(|patience| std::mem::replace(&mut patience.limit, limit))
        })
    };
    let before = set(Duration::ZERO);
    let result = act();
    set(before.unwrap_or_default());
    result
}

/// The busy handler: waits a little and says whether to try again.
pub(super) fn on_busy(tries: i32) -> bool {
    let pause =
        PATIENCE.with_borrow_mut(|patience| patience.as_mut().and_then(|patience| patience.pause(tries)));
    pause.is_some_and(|pause| {
        std::thread::park_timeout(pause);
        true
    })
}

impl Patience {
    fn pause(&mut self, tries: i32) -> Option<Duration> {
        let now = Instant::now();
        if tries == 0 {
            self.since = None;
        }
        let since = *self.since.get_or_insert(now);
        let left =
            self.limit.checked_sub(now.saturating_duration_since(since)).filter(|left| !left.is_zero())?;
        if self.cancel.is_asked() {
            return None;
        }
        let doubled = Duration::from_millis(1 << tries.clamp(0, 5));
        Some(doubled.min(LONGEST_PAUSE).min(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_command_that_is_unwanted_stops() {
        let cancel = Cancel::default();
        assert!(!cancel.is_asked(), "opening is wanted");
        cancel.ask(1);
        assert!(cancel.is_asked());
        cancel.start(2);
        assert!(!cancel.is_asked(), "the next command is wanted");
        cancel.ask(1);
        assert!(!cancel.is_asked(), "a late wish does not reach the next command");
    }

    #[test]
    fn a_command_that_is_unwanted_before_it_starts_stops_too() {
        let cancel = Cancel::default();
        cancel.ask(3);
        cancel.start(3);
        assert!(cancel.is_asked());
    }

    #[test]
    fn after_the_handle_is_gone_every_command_stops() {
        let cancel = Cancel::default();
        cancel.ask_all();
        cancel.start(17);
        assert!(cancel.is_asked());
    }

    #[test]
    fn waiting_for_a_lock_ends_at_the_limit() {
        let mut patience =
            Patience { cancel: Arc::default(), limit: Duration::from_millis(5), since: Some(Instant::now()) };
        assert!(patience.pause(0).is_some_and(|pause| pause <= Duration::from_millis(5)));
        patience.since = Instant::now().checked_sub(Duration::from_millis(6));
        assert_eq!(patience.pause(1), None);
    }

    #[test]
    fn waiting_for_a_lock_ends_when_nobody_wants_the_answer() {
        let mut patience = Patience { cancel: Arc::default(), limit: Duration::from_secs(5), since: None };
        assert!(patience.pause(0).is_some());
        patience.cancel.ask(1);
        assert_eq!(patience.pause(1), None);
    }
}
