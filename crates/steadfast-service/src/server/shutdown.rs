//! The handle that ends a service.

use crate::lifecycle::{Lifecycle, Phase};

/// Ends a service from wherever it is held. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shutdown {
    lifecycle: Lifecycle,
}

impl Shutdown {
    pub(super) fn new(lifecycle: Lifecycle) -> Self {
        Self { lifecycle }
    }

    /// Asks the service to end: what is in flight is finished. Asking again drops what is still in flight.
    pub fn ask(&self) {
        let next = if self.lifecycle.phase() < Phase::Draining { Phase::Draining } else { Phase::Ending };
        self.lifecycle.advance(next);
    }

    /// As the first [`ask`](Self::ask), however often it comes.
    pub fn drain(&self) {
        self.lifecycle.advance(Phase::Draining);
    }

    /// Closes the listener at once, without `drain_delay`, because others go on with it; finishes what is in flight.
    pub fn retire(&self) {
        self.lifecycle.advance(Phase::Closing);
    }

    /// Drops what is still in flight.
    pub fn hurry(&self) {
        self.lifecycle.advance(Phase::Ending);
    }
}
