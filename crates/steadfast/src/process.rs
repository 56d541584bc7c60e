//! Which process this is: connections must not be used by a fork of the one that opened them.

use forkguard::Guard;

/// The process in which this was made. Asking costs one load from memory where `getpid` costs a system call (277 ns
/// on a virtual machine, more than the whole of a checkout), because the C library tells of a fork
/// (`pthread_atfork`). A child made by the bare `clone` system call is not told of; no runtime makes one.
#[derive(Debug, Clone)]
pub(crate) struct Incarnation(Guard);

impl Incarnation {
    /// This process.
    pub(crate) fn current() -> Self {
        Self(forkguard::new())
    }

    /// True when this is still that process, and no fork of it.
    #[inline]
    pub(crate) fn is_current(&self) -> bool {
        // Asking changes the guard; the answer shall stay the same.
        !self.0.clone().detected_fork()
    }
}
