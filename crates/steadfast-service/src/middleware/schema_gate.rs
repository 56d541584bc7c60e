//! Nothing that needs the schema is tried before the schema is there.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::problem::{Problem, ProblemKind};

/// Answers 503 until the schema was ready once, also in a service that is asked to end while it still waits.
pub(crate) async fn schema_gate<F: Future<Output = Response>>(
    app: &App,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    if !app.lifecycle().was_ready() {
        let detail = "The service has started and is waiting for its database.";
        return Problem::new(ProblemKind::Starting, detail).retry_after(1).into_response();
    }
    next(request).await
}
