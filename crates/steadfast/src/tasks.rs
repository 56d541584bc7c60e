//! The one place from which background tasks are started.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use crate::sync::{Handle, JoinHandle};
use futures_util::FutureExt as _;

/// Starts a background task on the current runtime. A panic in it is logged under the task's name, not lost.
///
/// # Panics
/// When called outside a tokio runtime.
pub fn spawn<F>(name: &'static str, task: F) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    spawn_on(&Handle::current(), name, task)
}

/// Starts a background task on this runtime, from wherever this is called.
#[cfg_attr(steadfast_model, expect(private_interfaces, reason = "the model's runtime is the model's alone"))]
pub fn spawn_on<F>(runtime: &Handle, name: &'static str, task: F) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    // Not an async block, which would hold the task twice: as what it was given, and as what it awaits.
    runtime.spawn(AssertUnwindSafe(task).catch_unwind().map(move |outcome| {
        if let Err(panic) = outcome {
            tracing::error!(task = name, panic = panic_text(&*panic), "bug: a background task panicked");
        }
    }))
}

/// What a panic said, when it said it as text.
#[must_use]
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)")
}
