//! The order in which the concerns surround a handler.
//!
//! Each concern is a function that is given what comes next. As layers of their own (`from_fn`, one in the other) they
//! would cost twice an allocation each, and every request would copy, for each layer, all those inside of it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::middleware::{access_log, admission, cut_off, fixed_headers, measure, panics, schema_gate};

/// What surrounds every route, the outermost first.
pub(crate) async fn around_all(State(app): State<App>, request: Request, next: Next) -> Response {
    let panics = |request| panics(request, |request| next.run(request));
    let measure = |request| measure(&app, request, panics);
    let fixed_headers = |request| fixed_headers(request, measure);
    access_log(app.in_flight(), request, fixed_headers).await
}

/// What surrounds the routes that work on the database, inside of [`around_all`]; the outermost first.
pub(crate) async fn around_work(State(app): State<App>, request: Request, next: Next) -> Response {
    let schema_gate = |request| schema_gate(&app, request, |request| next.run(request));
    let cut_off = |request| cut_off(&app, request, schema_gate);
    admission(&app, request, cut_off).await
}
