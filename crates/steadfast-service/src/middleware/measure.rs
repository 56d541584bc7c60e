//! Requests in the metrics.

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::Method;
use steadfast::metrics::{Answered, Metrics};
use steadfast::time::{Duration, Instant};

use crate::app::App;

/// Counts the request and measures how long its answer takes, until this is dropped: also when the client goes before it.
/// What a client can invent (addresses, methods) does not become a label.
pub(crate) fn measure(app: &App, request: &Request, begun: Instant) -> Option<Counted> {
    let metrics = app.metrics()?.clone();
    metrics.request_began();
    let route = request.extensions().get::<MatchedPath>().cloned();
    Some(Counted { metrics, method: known(request.method()), route, begun, answered: None })
}

/// A request that is over when this is dropped.
pub(crate) struct Counted {
    metrics: Metrics,
    method: &'static str,
    route: Option<MatchedPath>,
    begun: Instant,
    /// With what it was answered, and after which time.
    answered: Option<(u16, Duration)>,
}

impl Counted {
    /// Ends it.
    pub(crate) fn answered(mut self, response: &Response, took: Duration) {
        self.answered = Some((response.status().as_u16(), took));
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let route = self.route.as_ref().map_or("", MatchedPath::as_str);
        let (status, took) = self.answered.unwrap_or_else(|| (0, self.begun.elapsed()));
        let answered = Answered::new(self.method, route, status, took);
        let is_probe = PROBES.contains(&route) || route.starts_with("/status");
        self.metrics.request_ended(if is_probe { answered.of_probe() } else { answered });
    }
}

/// Where others ask how the service is.
const PROBES: [&str; 6] = ["/", "/livez", "/readyz", "/startupz", "/api/v1/health", "/metrics"];

/// As OpenTelemetry has it: what is no registered method is `_OTHER`.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}
