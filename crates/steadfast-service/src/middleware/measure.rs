//! Requests in the metrics.

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::Method;
use steadfast::metrics::{Answered, Metrics};
use steadfast::time::Instant;

use crate::app::App;

/// Counts the request and measures how long its answer takes, also when the client goes before it. What a client can
/// invent (addresses, methods) does not become a label.
pub(crate) async fn measure<F: Future<Output = Response>>(
    app: &App,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let Some(metrics) = app.metrics() else { return next(request).await };
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut counted =
        Counted { metrics, method: known(request.method()), route, begun: Instant::now(), status: 0 };
    metrics.request_began();
    let response = next(request).await;
    counted.status = response.status().as_u16();
    response
}

/// A request that is over when this is dropped.
struct Counted<'a> {
    metrics: &'a Metrics,
    method: &'static str,
    route: Option<MatchedPath>,
    begun: Instant,
    status: u16,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let route = self.route.as_ref().map_or("", MatchedPath::as_str);
        let answered = Answered::new(self.method, route, self.status, self.begun.elapsed());
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
