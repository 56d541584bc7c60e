//! An answer that can be kept and given again.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::problem::Problem;

/// The answer to a change, in the parts that are kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Where what was made can be read.
    pub(crate) location: Option<String>,
    /// JSON; of a problem all members but the request's id. `None` where there is no body.
    pub(crate) body: Option<String>,
}

impl Answer {
    /// What was asked for, as JSON.
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // A type of our own with text keys cannot fail to be written.
        let body = serde_json::to_string(body).ok();
        Self { status: status.as_u16(), location: None, body }
    }

    /// Nothing to say.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status: status.as_u16(), location: None, body: None }
    }

    /// A refusal that will not change.
    pub(crate) fn problem(problem: &Problem) -> Self {
        let body = Value::Object(problem.members()).to_string();
        Self { status: problem.kind().status().as_u16(), location: None, body: Some(body) }
    }

    /// The same, made at this address.
    pub(crate) fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    /// The answer for the wire; `replayed`: somebody was given it before.
    pub(crate) fn into_response(self, replayed: bool) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = match self.body {
            Some(body) if !status.is_success() => {
                let members: Map<String, Value> = serde_json::from_str(&body).unwrap_or_default();
                Problem::response_of(status, members)
            }
            Some(body) => {
                let mut response = Response::new(Body::from(body));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            None => Response::new(Body::empty()),
        };
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if let Some(location) = self.location.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(LOCATION, location);
        }
        if replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// Says that the answer is one that was given before. The draft names no header; this is the name in use.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
