//! One problem, and how it is rendered.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue};
use serde_json::json;

use crate::problem::{FieldError, ProblemKind};
use crate::request_id::RequestId;

/// One problem, on its way to a client.
///
/// As a response it carries itself along, so that the outermost middleware, which knows the request's id,
/// can write that into it.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_seconds: Option<u32>,
    outcome_unknown: bool,
}

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
        if let Some(problem) = response.extensions_mut().remove::<Self>() {
            *response.body_mut() = Body::from(problem.render(Some(id)));
            // Set anew from the body: it has grown.
            response.headers_mut().remove(CONTENT_LENGTH);
        }
    }

    fn render(&self, id: Option<&RequestId>) -> String {
        let mut body = json!({
            "type": format!("/problems/{}", self.kind.name()),
            "title": self.kind.title(),
            "status": self.kind.status().as_u16(),
            "detail": format!("{} {}", self.detail, self.kind.remedy()),
        });
        if let Some(object) = body.as_object_mut() {
            if let Some(id) = id {
                object.insert("instance".to_owned(), json!(id.as_str()));
            }
            if !self.errors.is_empty() {
                object.insert("errors".to_owned(), json!(self.errors));
            }
        }
        body.to_string()
    }
}

/// Says that a change may or may not have been stored.
const X_OUTCOME: HeaderName = HeaderName::from_static("x-outcome");

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.render(None)));
        *response.status_mut() = self.kind.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.outcome_unknown {
            headers.insert(X_OUTCOME, HeaderValue::from_static("unknown"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
