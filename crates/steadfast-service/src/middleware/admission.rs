//! So many requests at the same time and no more.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::problem::{Problem, ProblemKind};

/// Refuses a request at once when too many are being worked on. A queue in this place would only make
/// everybody wait for answers that come too late; the pool has the one queue that is fair.
pub(crate) async fn admission<F: Future<Output = Response>>(
    app: &App,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let Ok(_slot) = app.request_slots().try_acquire() else {
        let detail = format!("{} requests are being worked on already.", app.settings().max_requests);
        return Problem::new(ProblemKind::Overloaded, detail).retry_after(1).into_response();
    };
    next(request).await
}
