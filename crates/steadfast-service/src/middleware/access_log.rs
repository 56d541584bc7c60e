//! The outermost concern: a name for the request, a line in the log about it, and its name in every problem.

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::Method;
use steadfast::time::{Duration, Instant};
use tracing::Span;

use crate::in_flight::{Entered, InFlight, NO_ROUTE};
use crate::problem::Problem;
use crate::request_id::{RequestId, X_REQUEST_ID};

/// A request that has a name. Its line is written once, however it ends: when it is answered, or when this is dropped
/// because the client hung up.
pub(crate) struct AccessLog {
    id: RequestId,
    method: Method,
    begun: Instant,
    written: bool,
    _entered: Entered,
}

/// Names the request. Everything about it belongs in the span, the end of the log as well. The span tells the route, never
/// the address as it was sent: that may hold a secret which somebody pasted, and so may the query.
pub(crate) fn access_log(in_flight: &InFlight, request: &Request, begun: Instant) -> (AccessLog, Span) {
    let id = RequestId::of(request.headers());
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or(NO_ROUTE, MatchedPath::as_str);
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = id.as_str(), %method, route);
    let entered = in_flight.enter(id.clone(), method.clone(), matched.cloned(), begun);
    (AccessLog { id, method, begun, written: false, _entered: entered }, span)
}

impl AccessLog {
    /// Puts the request's name on its answer, and writes the line.
    pub(crate) fn answered(mut self, response: &mut Response, took: Duration) {
        Problem::name_instance(response, &self.id);
        if let Some(value) = self.id.header() {
            response.headers_mut().insert(X_REQUEST_ID, value);
        }
        self.write(response, took);
    }

    fn write(&mut self, response: &Response, took: Duration) {
        self.written = true;
        let status = response.status().as_u16();
        let bytes = response.body().size_hint().exact();
        let latency_ms = millis(took);
        if response.status().is_server_error() {
            tracing::warn!(status, latency_ms, bytes, "answered");
        } else {
            tracing::info!(status, latency_ms, bytes, "answered");
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        if !self.written {
            let changes = !self.method.is_safe();
            let latency_ms = millis(self.begun.elapsed());
            tracing::info!(latency_ms, changes, "the client was gone before the answer");
        }
    }
}

/// Microseconds are as fine as anybody reads.
fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}
