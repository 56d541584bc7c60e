//! The locks, atomics and tasks of the pool, and of who drives a connection.
//!
//! Under `--cfg steadfast_model` they are those of `shuttle`, which runs the pool through thread interleavings of its own
//! choosing (`crates/steadfast-model`). Timers never fire there: what depends on time is the simulation's part.

#[cfg(not(steadfast_model))]
pub(crate) use self::real::{
    AbortHandle, AtomicBool, AtomicU32, AtomicU64, Handle, JoinHandle, Mutex, MutexGuard, Notify, RuntimeId,
    RwLock,
};

#[cfg(steadfast_model)]
pub(crate) use self::model::{
    AbortHandle, AtomicBool, AtomicU32, AtomicU64, Handle, JoinHandle, Mutex, MutexGuard, Notify, RuntimeId,
    RwLock,
};

#[cfg(not(steadfast_model))]
mod real {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

    pub(crate) use parking_lot::{Mutex, MutexGuard, RwLock};
    pub(crate) use tokio::runtime::{Handle, Id as RuntimeId};
    pub(crate) use tokio::sync::Notify;
    pub(crate) use tokio::task::{AbortHandle, JoinHandle};
}

#[cfg(steadfast_model)]
mod model;
