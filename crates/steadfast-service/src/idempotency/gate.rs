//! Repetitions of a request that is still at work wait here, and not each with a connection of the pool in hand.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use steadfast::time::{Instant, timeout_at};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets one request of each key through at a time. Other workers are kept apart by the database.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// The keys at work. Held for moments only, never across an await.
    keys: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// The permission to work on a key, given back on drop.
#[derive(Debug)]
#[must_use = "the next request of the key is let through when this is dropped"]
pub(crate) struct Turn<'a> {
    gate: &'a Gate,
    key: &'a str,
    /// `None` while it waits.
    permit: Option<OwnedSemaphorePermit>,
}

impl Gate {
    /// Waits until nobody else in this process works on the key; `None` when that takes longer than the deadline.
    ///
    /// # Cancel safety
    /// A place in the queue is given up.
    pub(crate) async fn enter<'a>(&'a self, key: &'a str, deadline: Instant) -> Option<Turn<'a>> {
        let mut turn = Turn { gate: self, key, permit: None };
        let semaphore = {
            let mut keys = self.keys.lock();
            let entry = keys.entry(key.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1)));
            Arc::clone(entry)
        };
        turn.permit = timeout_at(deadline, semaphore.acquire_owned()).await.ok()?.ok();
        turn.permit.is_some().then_some(turn)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut keys = self.gate.keys.lock();
        drop(self.permit.take());
        // Whoever waits or works holds a count of its own; new ones come under the lock only.
        if keys.get(self.key).is_some_and(|entry| Arc::strong_count(entry) == 1) {
            keys.remove(self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use steadfast::time::{Duration, far_future};

    use super::*;

    fn now() -> Instant {
        Instant::now()
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_a_key_at_a_time_and_nothing_is_left() {
        let gate = Gate::default();
        let first = gate.enter("a", far_future()).await.unwrap();
        let other = gate.enter("b", now()).await.unwrap();
        assert!(gate.enter("a", now() + Duration::from_secs(1)).await.is_none(), "it is taken");
        let mut next = std::pin::pin!(gate.enter("a", far_future()));
        assert!(futures_util::poll!(&mut next).is_pending());
        drop(first);
        let second = next.await.unwrap();
        assert_eq!(gate.keys.lock().len(), 2);
        drop((second, other));
        assert!(gate.keys.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_leaves_nothing_either() {
        let gate = Gate::default();
        let first = gate.enter("a", far_future()).await.unwrap();
        {
            let mut waiting = std::pin::pin!(gate.enter("a", far_future()));
            assert!(futures_util::poll!(&mut waiting).is_pending());
            drop(first);
            // Granted, and dropped without ever being asked again.
        }
        assert!(gate.keys.lock().is_empty(), "{gate:?}");
        assert!(gate.enter("a", now()).await.is_some());
    }
}
