//! A handler that panics costs its own request and nothing else.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use steadfast::tasks::panic_text;

use crate::problem::Problem;

/// Answers 500 for a handler that panics. What it had open on the database is rolled back as it unwinds.
pub(crate) async fn panics<F: Future<Output = Response>>(
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    // Nothing that the handler could leave half-changed is looked at afterwards.
    match AssertUnwindSafe(async { next(request).await }).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            tracing::error!(panic = panic_text(&*panic), "bug: a handler panicked");
            Problem::internal().into_response()
        }
    }
}
