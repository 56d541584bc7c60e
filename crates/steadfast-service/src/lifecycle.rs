//! Where the service is in its life, for everybody who must know.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tokio::sync::watch;

/// Where the service is in its life. It only ever moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// It listens, and waits for the database and its schema.
    Starting,
    /// The schema was ready once: requests are served. A database that is lost later does not change this.
    Serving,
    /// It was asked to end, and readiness says so. For as long as `drain_delay` everything is served as before.
    Draining,
    /// New connections are not accepted; requests in flight are finished.
    Closing,
    /// The time to drain is over, or somebody is in a hurry: what still runs is dropped.
    Ending,
}

impl Phase {
    const ALL: [Self; 5] = [Self::Starting, Self::Serving, Self::Draining, Self::Closing, Self::Ending];
}

/// The phase of one service, shared by all its parts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lifecycle(Arc<State>);

#[derive(Debug)]
struct State {
    phase: watch::Sender<Phase>,
    /// The same, for who only looks: each request does, and no two of them shall meet at a lock for it.
    seen: AtomicU8,
    /// Set with the first step to [`Phase::Serving`]: a service can drain without ever having been there.
    was_ready: AtomicBool,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self(Arc::new(State {
            phase: watch::Sender::new(Phase::Starting),
            seen: AtomicU8::new(Phase::Starting as u8),
            was_ready: AtomicBool::new(false),
        }))
    }
}

impl Lifecycle {
    /// The phase at this moment.
    #[must_use]
    pub fn phase(&self) -> Phase {
        let seen = self.0.seen.load(Ordering::Acquire);
        Phase::ALL.into_iter().find(|phase| *phase as u8 == seen).unwrap_or(Phase::Ending)
    }

    /// Whether the database and its schema were ready once.
    #[must_use]
    pub fn was_ready(&self) -> bool {
        self.0.was_ready.load(Ordering::Acquire)
    }

    /// Follows the phase: readiness probes, the keeper of a status page.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Phase> {
        self.0.phase.subscribe()
    }

    /// Moves on to a later phase; moving back does nothing.
    pub fn advance(&self, to: Phase) {
        if to == Phase::Serving {
            self.0.was_ready.store(true, Ordering::Release);
        }
        self.0.phase.send_if_modified(|phase| {
            let later = to > *phase;
            if later {
                *phase = to;
                self.0.seen.store(to as u8, Ordering::Release);
            }
            later
        });
    }

    /// Returns once this phase, or a later one, is reached.
    ///
    /// # Cancel safety
    /// Safe: it only looks.
    pub async fn reached(&self, phase: Phase) {
        let mut phases = self.0.phase.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        drop(phases.wait_for(|now| *now >= phase).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_never_goes_back() {
        let life = Lifecycle::default();
        life.advance(Phase::Draining);
        life.advance(Phase::Serving);
        assert_eq!(life.phase(), Phase::Draining);
    }

    #[test]
    fn a_service_that_drains_before_it_served_was_never_ready() {
        let life = Lifecycle::default();
        life.advance(Phase::Draining);
        assert!(!life.was_ready());
    }

    #[test]
    fn who_only_looks_sees_each_phase() {
        let life = Lifecycle::default();
        assert_eq!(life.phase(), Phase::Starting);
        for phase in Phase::ALL {
            life.advance(phase);
            assert_eq!((life.phase(), *life.subscribe().borrow()), (phase, phase));
        }
    }

    #[tokio::test]
    async fn a_later_phase_counts_as_reached() {
        let life = Lifecycle::default();
        life.advance(Phase::Ending);
        life.reached(Phase::Draining).await;
    }
}
