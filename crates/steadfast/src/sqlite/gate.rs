//! The queue of those who want to write.
//!
//! SQLite has one writer at a time. Left to themselves, connections of one process poll for its lock and the
//! unlucky one starves until `busy_timeout`. Here they queue, first come, first served.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Fault;
use crate::time::{Duration, timeout};
use crate::verdict::{Class, Step};

/// A caller's own deadline usually comes first. This one ends the wait of a task for itself: a transaction on
/// one connection is open while the same task begins another.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The gate that every writer of a connector passes.
#[derive(Debug, Clone)]
pub(super) struct Gate(Arc<Semaphore>);

/// Permission to write; given back on drop.
#[derive(Debug)]
#[must_use = "the permission is given back when this is dropped"]
pub(super) struct Permit {
    _place: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }

    /// Waits for the permission to write.
    ///
    /// # Cancel safety
    /// A dropped waiter gives up its place in the queue and holds nothing.
    pub(super) async fn enter(&self) -> Result<Permit, Fault> {
        match timeout(LONGEST_WAIT, Arc::clone(&self.0).acquire_owned()).await {
            Ok(Ok(place)) => Ok(Permit { _place: place }),
            Ok(Err(_closed)) => Err(Fault::new(
                Class::ConnectionLost,
                Step::Statement,
                "bug: the queue of writers was closed",
            )),
            Err(_elapsed) => Err(Fault::new(
                Class::Timeout,
                Step::Statement,
                "another transaction of this process has been writing for 30 s",
            )
            .with_code("SQLITE_BUSY")
            .with_remedy(
                "look for a task that begins a second transaction while it holds one, or that waits for \
                 something else inside a transaction",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn a_dropped_waiter_holds_nothing() {
        let gate = Gate::new();
        let first = gate.enter().await.unwrap();
        {
            let mut waiter = pin!(gate.enter());
            poll_fn(|context| {
                assert!(waiter.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
            drop(first);
            // It has been granted by now, and is dropped before it learns of it.
        }
        drop(gate.enter().await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let gate = Gate::new();
        let _held = gate.enter().await.unwrap();
        let fault = gate.enter().await.unwrap_err();
        assert_eq!(fault.class(), Class::Timeout);
        assert_eq!(fault.code(), Some("SQLITE_BUSY"));
    }
}
