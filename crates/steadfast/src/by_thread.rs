//! One of each for every thread, so that threads do not meet where they need not.
//!
//! A word of memory that two processors write in turn costs some hundred nanoseconds each time: a lock as well as a count.
//! So what every checkout, every unit of work and every request writes to is the thread's own.

use crate::sync::thread_number;

/// One of each for every thread, as far as they go round. Threads that share one do no harm.
#[derive(Debug)]
pub(crate) struct ByThread<T>(Box<[T]>);

impl<T> ByThread<T> {
    /// Twice as many as there are processors, at least: whoever has blocking threads besides shares few.
    pub(crate) fn new(make: impl FnMut() -> T) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(std::iter::repeat_with(make).take((processors * 2).next_power_of_two()).collect())
    }

    /// That of this thread.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "their number is a power of two")]
    pub(crate) fn here(&self) -> &T {
        &self.0[thread_number() & (self.0.len() - 1)]
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}
