//! The health routes: liveness, readiness, start-up and the health document.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::config::PoolOptions;
use crate::health::{Health, Monitor, Report, Trouble};
use crate::pool::Reachability;
use crate::time::Duration;
use crate::web::check::Check;

/// Who may see more than a stranger: whoever asks from this machine without a proxy in between, and whoever
/// shows the token.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct HealthAccess {
    /// The bearer token; none: only this machine.
    pub token: Option<SecretString>,
}

impl HealthAccess {
    /// Access by this token, besides from this machine.
    #[must_use]
    pub const fn with_token(token: Option<SecretString>) -> Self {
        Self { token }
    }
}

/// `/livez`, `/readyz`, `/startupz` and `/api/v1/health`.
///
/// All answer from what the monitor keeps: they hold no connection and change nothing. Serve the router with
/// `into_make_service_with_connect_info::<SocketAddr>()`, or only the token opens the details.
pub fn health_routes(monitor: Monitor, access: HealthAccess) -> Router {
    health_routes_with(monitor, access, Vec::new)
}

/// As [`health_routes`], with what the application adds to the health document. `more` is asked with every request for
/// it, and must answer at once.
pub fn health_routes_with(
    monitor: Monitor,
    access: HealthAccess,
    more: impl Fn() -> Vec<Check> + Send + Sync + 'static,
) -> Router {
    advised_routes(monitor, access, Box::new(more), Box::new(|| Value::Null))
}

/// What the application adds to the health document.
pub(super) type More = Box<dyn Fn() -> Vec<Check> + Send + Sync>;

/// What should be changed, as the health document tells it.
pub(super) type Advisor = Box<dyn Fn() -> Value + Send + Sync>;

/// The same with advice among the details.
pub(super) fn advised_routes(monitor: Monitor, access: HealthAccess, more: More, advice: Advisor) -> Router {
    let state = Arc::new(Kept { monitor, access, more, advice });
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/startupz", get(startupz))
        .route("/api/v1/health", get(health))
        .with_state(state)
}

struct Kept {
    monitor: Monitor,
    access: HealthAccess,
    more: More,
    advice: Advisor,
}

/// The process and its runtime make progress; nothing else is asked. A database that is away is no reason to
/// restart a program that can do without it.
async fn livez() -> Response {
    plain(StatusCode::OK, "alive")
}

async fn readyz(State(kept): State<Arc<Kept>>) -> Response {
    let report = kept.monitor.report();
    match report.trouble() {
        Some(trouble) if !report.is_ready() => plain(StatusCode::SERVICE_UNAVAILABLE, trouble.text()),
        Some(_) | None => plain(StatusCode::OK, "ready"),
    }
}

async fn startupz(State(kept): State<Arc<Kept>>) -> Response {
    let report = kept.monitor.report();
    if report.is_started() {
        plain(StatusCode::OK, "started")
    } else {
        plain(StatusCode::SERVICE_UNAVAILABLE, report.trouble().map_or("starting", |trouble| trouble.text()))
    }
}

async fn health(
    State(kept): State<Arc<Kept>>,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Response {
    let details = kept.access.allows(peer.map(|peer| peer.0.0), &headers);
    let report = if details { kept.monitor.detailed_report() } else { kept.monitor.report() };
    let failed = report.health() == Health::Fail;
    let status = if failed { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let mut body = document(&report, details.then_some(&kept.monitor), (kept.more)());
    let advice = if details { (kept.advice)() } else { Value::Null };
    if let (false, Some(members)) = (advice.is_null(), body.as_object_mut()) {
        members.insert("advice".to_owned(), advice);
    }
    let body = body.to_string();
    let mut response = (status, body).into_response();
    finish(&mut response, "application/health+json");
    response
}

/// The document, after draft-inadarei-api-health-check-06.
fn document(report: &Report, details: Option<&Monitor>, more: Vec<Check>) -> Value {
    let pool = &report.pool;
    let more_trouble = more.iter().find_map(|check| check.trouble);
    let word = match (report.health(), more_trouble) {
        (Health::Pass, Some(_)) => word(Health::Warn),
        (health, _) => word(health),
    };
    let reachable = matches!(pool.reachability, Reachability::Reachable);
    let mut checks = json!({
        "database:responseTime": [{
            "componentType": "datastore",
            "observedValue": report.response_time.map(millis),
            "observedUnit": "ms",
            "status": match report.probed { Some((_, true)) => "pass", Some((_, false)) | None => "fail" },
            "ageSeconds": report.probed.map(|(age, _)| age.as_secs_f64()),
        }],
        "pool:connections": [{
            "componentType": "component",
            "status": if pool.waiting > 0 { "warn" } else { "pass" },
            "reachable": reachable,
            "size": pool.size,
            "maxOverflow": Some(pool.max_overflow).filter(|count| *count != PoolOptions::UNLIMITED),
            "idle": pool.idle,
            "inUse": pool.leased,
            "opening": pool.opening,
            "verifying": pool.verifying,
            "cleaning": pool.cleaning,
            "waiting": pool.waiting,
            "suspect": pool.suspect,
            "generation": pool.generation,
        }],
    });
    if let (Some(monitor), Some(checks)) = (details, checks.as_object_mut()) {
        let count = report.count.map(|count| {
            json!([{
                "componentType": "datastore",
                "observedValue": count.value,
                "ageSeconds": count.age.as_secs_f64(),
                "status": "pass",
            }])
        });
        checks.insert("database:users".to_owned(), count.unwrap_or_else(|| json!([])));
        checks.extend(more.into_iter().map(|check| (check.name, check.observed)));
        checks.insert("database:lastIncident".to_owned(), incident(report));
        let backend = format!("{:?}", monitor.database().backend());
        checks.insert(
            "database:server".to_owned(),
            json!([{ "backend": backend, "version": report.server_version }]),
        );
    }
    json!({
        "status": word,
        "serviceId": "steadfast",
        "output": report.trouble().map(Trouble::text).or(more_trouble).unwrap_or_default(),
        "checks": checks,
    })
}

fn incident(report: &Report) -> Value {
    let incidents = report.incident.iter().map(|incident| {
        json!({
            "began": incident.began.to_string(),
            "ended": incident.ended.map(|ended| ended.to_string()),
            "cause": incident.cause.to_string(),
            "lastWords": incident.cause.last_words(),
            "failedTries": incident.failed_tries,
        })
    });
    incidents.collect()
}

impl HealthAccess {
    /// Whether this asker may see details.
    pub(super) fn allows(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
        // Behind a proxy on this machine every stranger comes from this machine.
        let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
        let direct = !forwarded.iter().any(|name| headers.contains_key(*name));
        if direct && peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()) {
            return true;
        }
        let shown = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        match (&self.token, shown) {
            (Some(token), Some(shown)) => same(token.expose_secret().as_bytes(), shown.as_bytes()),
            (Some(_) | None, _) => false,
        }
    }
}

/// Compares in a time that depends on the length shown only.
fn same(token: &[u8], shown: &[u8]) -> bool {
    use subtle::ConstantTimeEq as _;
    !token.is_empty() && bool::from(token.ct_eq(shown))
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = (status, format!("{text}\n")).into_response();
    finish(&mut response, "text/plain; charset=utf-8");
    response
}

fn finish(response: &mut Response, content_type: &'static str) {
    let unavailable = response.status() == StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if unavailable {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
}

const fn word(health: Health) -> &'static str {
    match health {
        Health::Pass => "pass",
        Health::Warn => "warn",
        Health::Fail => "fail",
    }
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
