//! The tasks that are connecting, so that one of them can be ended.

use super::state::Attempt;
use crate::sync::{AbortHandle, Mutex, MutexGuard};
use crate::time::Duration;

/// An entry from before its task is started until it ends. The lock is held for moments only, and nothing is started
/// or ended under it.
#[derive(Debug)]
pub(super) struct Connecting(Mutex<Vec<(Attempt, Progress)>>);

#[derive(Debug)]
pub(super) enum Progress {
    /// The task is about to be started.
    Starting,
    /// As before, and it is to be ended at once.
    Unwanted,
    Running(AbortHandle),
}

impl Connecting {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// A task will be started for this attempt.
    pub(super) fn expect(&self, attempt: Attempt) {
        self.0.lock().push((attempt, Progress::Starting));
    }

    /// It was, unless it has ended already.
    pub(super) fn started(&self, attempt: Attempt, task: &AbortHandle) {
        let unwanted = {
            let mut tasks = self.0.lock();
            match tasks.iter_mut().find(|(other, _)| *other == attempt) {
                Some((_, Progress::Unwanted)) => true,
                Some((_, progress)) => {
                    *progress = Progress::Running(task.clone());
                    false
                }
                None => false,
            }
        };
        if unwanted {
            task.abort();
        }
    }

    /// Ends the task of this attempt, unless it has just ended.
    pub(super) fn abort(&self, attempt: Attempt) {
        let running = {
            let mut tasks = self.0.lock();
            let Some((_, progress)) = tasks.iter_mut().find(|(other, _)| *other == attempt) else { return };
            match std::mem::replace(progress, Progress::Unwanted) {
                Progress::Running(task) => Some(task),
                Progress::Starting | Progress::Unwanted => None,
            }
        };
        if let Some(task) = running {
            task.abort();
        }
    }

    /// The task has ended, or is about to: whatever holds on to it is let go of.
    pub(super) fn ended(&self, attempt: Attempt) {
        self.0.lock().retain(|(other, _)| *other != attempt);
    }

    /// All of them, to be forgotten in a fork; `None` when a thread that did not come along holds the lock.
    pub(super) fn all_within(&self, patience: Duration) -> Option<MutexGuard<'_, Vec<(Attempt, Progress)>>> {
        self.0.try_lock_for(patience)
    }
}

#[cfg(all(test, not(steadfast_model)))]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::pool::state::Attempt;
    use crate::tasks;

    #[tokio::test]
    async fn what_has_ended_is_not_held_on_to() {
        let connecting = Connecting::new();
        let [early, late] = [Attempt::named(1), Attempt::named(2)];
        connecting.expect(early);
        connecting.expect(late);
        // This one ends before it is known which task it was.
        connecting.ended(early);
        for attempt in [early, late] {
            connecting.started(attempt, &tasks::spawn("test", pending()).abort_handle());
        }
        assert_eq!(connecting.0.lock().len(), 1);
        connecting.ended(late);
        assert!(connecting.0.lock().is_empty());
    }

    #[tokio::test]
    async fn what_is_given_up_is_ended_even_before_it_is_known() {
        let connecting = Connecting::new();
        for (number, is_early) in [(1, true), (2, false)] {
            let attempt = Attempt::named(number);
            connecting.expect(attempt);
            let task = tasks::spawn("test", pending());
            if is_early {
                connecting.abort(attempt);
            }
            connecting.started(attempt, &task.abort_handle());
            if !is_early {
                connecting.abort(attempt);
            }
            assert!(task.await.unwrap_err().is_cancelled());
        }
    }
}
