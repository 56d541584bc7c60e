//! What each thread has of its own in a pool, so that threads do not meet where they need not.
//!
//! A word of memory that two processors write in turn costs some hundred nanoseconds each time, more than all the rest of
//! a checkout: a lock as well as a count of references. So the usual way of a connection, out and back, writes to nothing
//! but what belongs to its thread.

use std::sync::Arc;

use crossbeam_utils::CachePadded;

use super::shared::Shared;
use crate::connector::Connector;
use crate::sync::thread_number;

/// One of each for every thread, as far as they go round. Threads that share one do no harm.
#[derive(Debug)]
pub(super) struct ByThread<T>(Box<[T]>);

impl<T> ByThread<T> {
    /// Twice as many as there are processors, at least: whoever has blocking threads besides shares few.
    pub(super) fn new(make: impl FnMut() -> T) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(std::iter::repeat_with(make).take((processors * 2).next_power_of_two()).collect())
    }

    /// That of this thread.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "their number is a power of two")]
    pub(super) fn here(&self) -> &T {
        &self.0[thread_number() & (self.0.len() - 1)]
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

/// What a lease holds of its pool: the leases of a thread count their references to it here.
pub(super) type Lane<C> = Arc<CachePadded<Arc<Shared<C>>>>;

/// The lanes of a pool.
pub(super) fn lanes<C: Connector>(shared: &Arc<Shared<C>>) -> Arc<ByThread<Lane<C>>> {
    Arc::new(ByThread::new(|| Arc::new(CachePadded::new(Arc::clone(shared)))))
}
