//! The way in: what is where, and what each kind of problem means.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::problem::{Problem, ProblemKind};

/// `GET /` and `GET /problems/{name}`.
pub(crate) fn routes() -> Router {
    Router::new().route("/", get(index)).route("/problems/{name}", get(problem))
}

async fn index() -> Response {
    Json(json!({
        "service": "steadfast",
        "documentation": "/openapi.json",
        "users": "/api/v1/users",
        "outcomes": "/api/v1/outcomes/{ticket}",
        "health": "/api/v1/health",
        "liveness": "/livez",
        "readiness": "/readyz",
        "startup": "/startupz",
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
    Ok(Json(body).into_response())
}
