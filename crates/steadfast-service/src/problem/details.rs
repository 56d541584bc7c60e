//! One problem, and how it is rendered.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use crate::problem::{FieldError, ProblemKind};
use crate::request_id::RequestId;

/// One problem, on its way to a client.
///
/// As a response it carries its members along, so that the outermost middleware, which knows the request's id,
/// can write that into them.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_seconds: Option<u32>,
    outcome_unknown: bool,
    /// Why the outcome is unknown, in one word.
    reason: Option<&'static str>,
    /// A sealed ticket with which the outcome can be asked for.
    ticket: Option<String>,
}

/// The members of a problem that does not bear the request's id yet.
#[derive(Debug, Clone)]
struct Unnamed(Map<String, Value>);

impl Problem {
    /// A problem of this kind; the detail is a sentence about this occurrence.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_seconds: None,
            outcome_unknown: false,
            reason: None,
            ticket: None,
        }
    }

    /// A bug, of which the client learns nothing but that there is one.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(ProblemKind::Internal, "The request failed for a reason that lies in the service itself.")
    }

    /// Adds what is wrong with each field.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// Adds a `Retry-After` header.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Adds the header `X-Outcome: unknown`: the change may or may not have been stored.
    #[must_use]
    pub fn outcome_unknown(mut self) -> Self {
        self.outcome_unknown = true;
        self
    }

    /// Adds why the outcome is unknown, in one word.
    #[must_use]
    pub fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Adds the sealed ticket with which the outcome can be asked for, and the address that answers.
    #[must_use]
    pub fn with_ticket(mut self, ticket: String) -> Self {
        self.ticket = Some(ticket);
        self
    }

    /// What kind of problem it is.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// What is wrong with each field.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Writes the request's id into a response that was made of a problem; leaves every other as it is.
    pub(crate) fn name_instance(response: &mut Response, id: &RequestId) {
        if let Some(Unnamed(mut members)) = response.extensions_mut().remove::<Unnamed>() {
            members.insert("instance".to_owned(), json!(id.as_str()));
            *response.body_mut() = Body::from(Value::Object(members).to_string());
            // Set anew from the body: it has grown.
            response.headers_mut().remove(CONTENT_LENGTH);
        }
    }

    /// Its members, but for the request's id.
    pub(crate) fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut add = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        add("type", json!(format!("/problems/{}", self.kind.name())));
        add("title", json!(self.kind.title()));
        add("status", json!(self.kind.status().as_u16()));
        add("detail", json!(format!("{} {}", self.detail, self.kind.remedy())));
        if !self.errors.is_empty() {
            add("errors", json!(self.errors));
        }
        if let Some(reason) = self.reason {
            add("reason", json!(reason));
        }
        if let Some(ticket) = &self.ticket {
            add("ticket", json!(ticket));
            add("outcome", json!(format!("/api/v1/outcomes/{ticket}")));
        }
        members
    }

    /// A response of members that were kept: what [`members`](Self::members) gave once.
    pub(crate) fn response_of(status: StatusCode, members: Map<String, Value>) -> Response {
        let mut response = Response::new(Body::from(Value::Object(members.clone()).to_string()));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
        response.extensions_mut().insert(Unnamed(members));
        response
    }
}

/// Says that a change may or may not have been stored.
const X_OUTCOME: HeaderName = HeaderName::from_static("x-outcome");

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Self::response_of(self.kind.status(), self.members());
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.outcome_unknown {
            headers.insert(X_OUTCOME, HeaderValue::from_static("unknown"));
        }
        response
    }
}
