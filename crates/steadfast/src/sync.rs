//! The locks, atomics and tasks of the pool, and of who drives a connection.
//!
//! Under `--cfg steadfast_model` they are those of `shuttle`, which runs the pool through thread interleavings of its own
//! choosing (`crates/steadfast-model`). Timers never fire there: what depends on time is the simulation's part.

#[cfg(not(steadfast_model))]
pub(crate) use self::real::{
    AbortHandle, AtomicBool, AtomicU32, AtomicU64, Exchange, Handle, JoinHandle, Mutex, MutexGuard, Notify,
    RuntimeId, RwLock, thread_number,
};

#[cfg(steadfast_model)]
pub(crate) use self::model::{
    AbortHandle, AtomicBool, AtomicU32, AtomicU64, Exchange, Handle, JoinHandle, Mutex, MutexGuard, Notify,
    RuntimeId, RwLock, thread_number,
};

#[cfg(not(steadfast_model))]
mod real {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crossbeam_utils::atomic::AtomicCell;

    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

    pub(crate) use parking_lot::{Mutex, MutexGuard, RwLock};
    pub(crate) use tokio::runtime::{Handle, Id as RuntimeId};
    pub(crate) use tokio::sync::Notify;
    pub(crate) use tokio::task::{AbortHandle, JoinHandle};

    /// A place for one box, in which what is there is exchanged for something else in one step. Each exchange sees what those
    /// before it had seen.
    pub(crate) struct Exchange<T>(AtomicCell<Option<Box<T>>>);

    const _: () = assert!(AtomicCell::<Option<Box<u8>>>::is_lock_free());

    impl<T> Default for Exchange<T> {
        fn default() -> Self {
            Self(AtomicCell::new(None))
        }
    }

    impl<T> Exchange<T> {
        #[inline]
        pub(crate) fn swap(&self, content: Option<Box<T>>) -> Option<Box<T>> {
            self.0.swap(content)
        }
    }

    /// The number of this thread, counted in the order in which they first ask.
    #[inline]
    pub(crate) fn thread_number() -> usize {
        thread_local!(static NUMBER: Cell<Option<usize>> = const { Cell::new(None) });
        static NEXT: AtomicUsize = AtomicUsize::new(0);

        NUMBER.get().unwrap_or_else(|| {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            NUMBER.set(Some(number));
            number
        })
    }
}

#[cfg(steadfast_model)]
mod model;
