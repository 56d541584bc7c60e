//! The way in: what is where, and what each kind of problem means.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::header::{ACCEPT, VARY};
use http::{HeaderMap, HeaderValue};
use serde_json::json;

use crate::app::App;
use crate::problem::{Problem, ProblemKind};
use crate::reply::Reply;

/// `GET /` and `GET /problems/{name}`.
pub(crate) fn routes(app: &App) -> Router {
    Router::new().route("/", get(index)).route("/problems/{name}", get(problem)).with_state(app.clone())
}

/// The status page for who prefers HTML, as browsers do; the list of addresses for everybody else.
async fn index(
    State(app): State<App>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Response {
    let mut response = match app.page() {
        Some(page) if wants_html(&headers) => page.respond(peer.map(|peer| peer.0.0), &headers),
        Some(_) | None => addresses(),
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    accept.flat_map(|value| value.split(',')).any(|range| range.trim().starts_with("text/html"))
}

fn addresses() -> Response {
    Reply(json!({
        "service": "steadfast",
        "documentation": "/openapi.json",
        "users": "/api/v1/users",
        "outcomes": "/api/v1/outcomes/{ticket}",
        "health": "/api/v1/health",
        "liveness": "/livez",
        "readiness": "/readyz",
        "startup": "/startupz",
        "metrics": "/metrics",
        "status": "/status",
    }))
    .into_response()
}

/// The `type` of a problem is an address, and whoever opens it learns what to do.
async fn problem(Path(name): Path<String>) -> Result<Response, Problem> {
    let kind = ProblemKind::ALL.into_iter().find(|kind| kind.name() == name);
    let kind =
        kind.ok_or_else(|| Problem::new(ProblemKind::NotFound, "No kind of problem has this name."))?;
    let body = json!({
        "type": format!("/problems/{}", kind.name()),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "remedy": kind.remedy(),
    });
    Ok(Reply(body).into_response())
}
