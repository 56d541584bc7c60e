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
}
