//! Shuttle's parts, with the faces of those that they stand for.

use std::convert::Infallible;
use std::future::Future;
use std::sync::PoisonError;

use shuttle::rand::Rng as _;
use shuttle::sync::{RwLockReadGuard, RwLockWriteGuard};

pub(crate) use shuttle::future::AbortHandle;
pub(crate) use shuttle::sync::MutexGuard;
pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

use crate::time::Duration;

/// As `parking_lot`'s: without poisoning.
#[derive(Debug)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn try_lock_for(&self, _patience: Duration) -> Option<MutexGuard<'_, T>> {
        Some(self.lock())
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for one box.
pub(crate) struct Exchange<T>(Mutex<Option<Box<T>>>);

impl<T> Default for Exchange<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Exchange<T> {
    pub(crate) fn swap(&self, content: Option<Box<T>>) -> Option<Box<T>> {
        std::mem::replace(&mut *self.0.lock(), content)
    }
}

/// As `parking_lot`'s: without poisoning.
#[derive(Debug)]
pub(crate) struct RwLock<T>(shuttle::sync::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::RwLock::new(value))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn try_write_for(&self, _patience: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        Some(self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tokio's own, which works under any scheduler; but others may run before each call.
#[derive(Debug)]
pub(crate) struct Notify {
    real: tokio::sync::Notify,
    turn: AtomicBool,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self { real: tokio::sync::Notify::new(), turn: AtomicBool::new(false) }
    }

    pub(crate) fn notified(&self) -> tokio::sync::futures::Notified<'_> {
        self.let_others_run();
        self.real.notified()
    }

    pub(crate) fn notify_one(&self) {
        self.let_others_run();
        self.real.notify_one();
    }

    pub(crate) fn notify_waiters(&self) {
        self.let_others_run();
        self.real.notify_waiters();
    }

    fn let_others_run(&self) {
        let _turn = self.turn.load(std::sync::atomic::Ordering::SeqCst);
    }
}

/// All tasks of a model share one thread of the system. So that they meet each other in every way, each asks as if it were
/// any of two.
pub(crate) fn thread_number() -> usize {
    shuttle::rand::thread_rng().gen_range(0..2)
}

/// The one runtime that there is.
#[derive(Debug, Clone)]
pub(crate) struct Handle;

/// Names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RuntimeId;

impl Handle {
    pub(crate) fn current() -> Self {
        Self
    }

    #[expect(clippy::unnecessary_wraps, reason = "the face of tokio's")]
    pub(crate) fn try_current() -> Result<Self, Infallible> {
        Ok(Self)
    }

    #[expect(clippy::unused_self, reason = "the face of tokio's")]
    pub(crate) fn id(&self) -> RuntimeId {
        RuntimeId
    }

    #[expect(clippy::unused_self, reason = "the face of tokio's")]
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) -> JoinHandle<()> {
        shuttle::future::spawn(task)
    }
}

pub(crate) use shuttle::future::JoinHandle;
