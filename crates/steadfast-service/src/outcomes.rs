//! Asking again what became of a change.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::RETRY_AFTER;
use serde_json::json;
use steadfast::Outcome;
use steadfast::outcome::Doubt;
use steadfast::time::{Duration, Instant};

use crate::app::App;
use crate::deadline::Deadline;
use crate::problem::{FieldError, Problem, ProblemKind};
use crate::reply::Reply;

/// `GET /api/v1/outcomes/{ticket}`.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/api/v1/outcomes/{ticket}", get(outcome))
}

/// A question is short; when nobody can be asked within this, the answer is that.
const PATIENCE: Duration = Duration::from_secs(5);

/// When to ask again for what may clear up.
const AGAIN_SECONDS: u32 = 2;

async fn outcome(
    State(app): State<App>,
    deadline: Deadline,
    ticket: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    // At the start the key is read before the first request is let in; a role that may not read it has sealed no ticket.
    let opened = ticket.ok().zip(app.seal()).and_then(|(Path(text), seal)| seal.open(&text).ok());
    let ticket = opened.ok_or_else(no_ticket)?;
    // Strangers may ask, so they share two connections and never the whole pool.
    let Ok(_slot) = app.outcome_slots().try_acquire() else {
        let detail = "Too many questions after outcomes are being asked already.";
        return Err(Problem::new(ProblemKind::Overloaded, detail).retry_after(AGAIN_SECONDS));
    };
    let until = deadline.database().min(Instant::now() + PATIENCE);
    let outcome = app.database().look_up(&ticket, Some(until)).await;
    let (body, again) = match &outcome {
        Outcome::Committed { durable } => (json!({ "outcome": outcome.name(), "durable": durable }), false),
        Outcome::Unknown(doubt) => {
            tracing::info!(%doubt, "an outcome was asked for and is unknown");
            let body = json!({ "outcome": outcome.name(), "reason": doubt.name(), "detail": detail(doubt) });
            (body, doubt.may_clear_up())
        }
        Outcome::NotCommitted | _ => (json!({ "outcome": outcome.name() }), false),
    };
    let mut response = Reply(body).into_response();
    if again {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(AGAIN_SECONDS));
    }
    Ok(response)
}

fn no_ticket() -> Problem {
    let entry = FieldError::new("ticket", "invalid", "must be the whole ticket of an answer of this service");
    Problem::new(ProblemKind::InvalidParameter, "This is no ticket of this service.").with_errors(vec![entry])
}

/// A doubt in words that tell a stranger nothing of the server.
fn detail(doubt: &Doubt) -> &'static str {
    match doubt {
        Doubt::NotReached { .. } => "The database could not be asked in time. Ask again later.",
        Doubt::StillRunning => "The change is still being stored, or undone. Ask again later.",
        Doubt::AwaitsReplication => {
            "The change is stored, and not confirmed to survive a failure yet. Do not repeat it; ask again later."
        }
        Doubt::Prepared { .. } => "The change awaits somebody else's decision. Ask again later.",
        Doubt::OtherCluster | Doubt::OlderTimeline => {
            "A database answers that is not the one the change was sent to. Ask again later."
        }
        Doubt::Recovered => {
            "The database has recovered from a failure since, and cannot tell any more. Read what was to be changed."
        }
        Doubt::TooOld => "The record of it was removed. Read what was to be changed.",
        Doubt::NotNoted { .. } | _ => "It cannot be found out. Read what was to be changed.",
    }
}
