//! The outermost layer: a name for the request, a line in the log about it, and its name in every problem.

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::Method;
use steadfast::time::Instant;
use tracing::Instrument as _;

use crate::in_flight::InFlight;
use crate::problem::Problem;
use crate::request_id::{RequestId, X_REQUEST_ID};

/// Names the request and logs it. The line tells the route, never the address as it was sent: that may hold
/// a secret which somebody pasted, and so may the query.
pub(crate) async fn access_log<F: Future<Output = Response>>(
    in_flight: &InFlight,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let id = RequestId::of(request.headers());
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = id.as_str(), %method, route);
    let entered = in_flight.enter(id.clone(), method.clone(), route);
    let line = Line { method, begun: Instant::now(), written: false };
    async move {
        // Dropped without being written when the client hangs up.
        let mut line = line;
        let mut response = next(request).await;
        Problem::name_instance(&mut response, &id);
        if let Some(value) = id.header() {
            response.headers_mut().insert(X_REQUEST_ID, value);
        }
        line.write(&response);
        drop(entered);
        response
    }
    .instrument(span)
    .await
}

/// The line about one request, written once, however the request ends.
struct Line {
    method: Method,
    begun: Instant,
    written: bool,
}

impl Line {
    fn write(&mut self, response: &Response) {
        self.written = true;
        let status = response.status().as_u16();
        let bytes = response.body().size_hint().exact();
        let latency_ms = self.latency_ms();
        if response.status().is_server_error() {
            tracing::warn!(status, latency_ms, bytes, "answered");
        } else {
            tracing::info!(status, latency_ms, bytes, "answered");
        }
    }

    fn latency_ms(&self) -> f64 {
        // Microseconds are as fine as anybody reads.
        (self.begun.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.written {
            let changes = !self.method.is_safe();
            tracing::info!(latency_ms = self.latency_ms(), changes, "the client was gone before the answer");
        }
    }
}
