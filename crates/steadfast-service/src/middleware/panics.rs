//! A handler that panics costs its own request and nothing else.

use std::panic::AssertUnwindSafe;

use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use steadfast::tasks::panic_text;

use crate::problem::Problem;

/// Answers 500 for a handler that panics. What it had open on the database is rolled back as it unwinds.
pub(crate) fn panics(handler: impl Future<Output = Response>) -> impl Future<Output = Response> {
    // Nothing that the handler could leave half-changed is looked at afterwards.
    AssertUnwindSafe(handler).catch_unwind().map(|outcome| {
        outcome.unwrap_or_else(|panic| {
            tracing::error!(panic = panic_text(&*panic), "bug: a handler panicked");
            Problem::internal().into_response()
        })
    })
}
