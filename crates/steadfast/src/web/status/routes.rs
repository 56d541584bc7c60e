//! What is where, and who may see what of it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{document, live};
use crate::metrics::{Board, Overview};
use crate::web::check::Check;
use crate::web::health::{HealthAccess, advised_routes};

type Peer = Option<axum::Extension<ConnectInfo<SocketAddr>>>;

/// The health routes with advice among the details, `/metrics`, and the status page: `/status`, `/status.json` and what
/// the page needs below `/status/`.
///
/// `/metrics` and `/status.json` with details answer those who may see details: a scraper elsewhere brings the token
/// (`authorization: {credentials: ...}`). The page shows everybody how the pool is, and the rest to those who may see it.
pub fn board_routes(board: Board, access: HealthAccess) -> Router {
    board_routes_with(board, access, Vec::new)
}

/// As [`board_routes`], with what the application adds to the health document. `more` is asked with every request for
/// it, and must answer at once.
pub fn board_routes_with(
    board: Board,
    access: HealthAccess,
    more: impl Fn() -> Vec<Check> + Send + Sync + 'static,
) -> Router {
    let advisor = board.clone();
    let health = advised_routes(
        board.monitor().clone(),
        access.clone(),
        Box::new(more),
        Box::new(move || {
            let advice = advisor.advice();
            advice
                .iter()
                .map(|advice| json!({ "topic": advice.topic, "text": advice.text }))
                .collect::<Value>()
        }),
    );
    let page = StatusPage::new(board, access);
    Router::new()
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/status.json", get(snapshots))
        .route("/status/live", get(live_events))
        .route("/status/page.css", get(style))
        .route("/status/page.js", get(script))
        .route("/status/icon.svg", get(icon))
        .with_state(page)
        .merge(health)
}

/// The page, for whoever wants to have it at another address as well. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StatusPage {
    pub(super) board: Board,
    access: HealthAccess,
    /// Each open page costs a connection, and a thousandth of a processor: seats for strangers, and for friends.
    seats: [Arc<Semaphore>; 2],
}

impl StatusPage {
    /// The page of this board. What keeps it live must be served by [`board_routes`].
    #[must_use]
    pub fn new(board: Board, access: HealthAccess) -> Self {
        Self { board, access, seats: SEATS.map(|seats| Arc::new(Semaphore::new(seats))) }
    }

    /// The page for this asker. `peer`: the address of the connection, when it is known.
    #[must_use]
    pub fn respond(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Response {
        let details = self.access.allows(peer, headers);
        match self.overview(details) {
            Some(overview) => {
                let mut response = document::render(&overview, details).into_string().into_response();
                finish(&mut response, "text/html; charset=utf-8");
                response
                    .headers_mut()
                    .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
                response
            }
            None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }

    pub(super) fn overview(&self, details: bool) -> Option<Overview> {
        let snapshots = self.board.snapshots().into_iter();
        Overview::of(snapshots.map(|one| if details { one } else { one.for_strangers() }).collect())
    }
}

async fn status(State(page): State<StatusPage>, peer: Peer, headers: HeaderMap) -> Response {
    page.respond(peer.map(|peer| peer.0.0), &headers)
}

async fn snapshots(State(page): State<StatusPage>, peer: Peer, headers: HeaderMap) -> Response {
    let details = page.access.allows(peer.map(|peer| peer.0.0), &headers);
    let workers = page.overview(details).map(|overview| overview.workers).unwrap_or_default();
    let mut response = json!({ "details": details, "workers": workers }).to_string().into_response();
    finish(&mut response, "application/json");
    response
}

async fn live_events(State(page): State<StatusPage>, peer: Peer, headers: HeaderMap) -> Response {
    let details = page.access.allows(peer.map(|peer| peer.0.0), &headers);
    let [strangers, friends] = &page.seats;
    let Ok(seat) = Arc::clone(if details { friends } else { strangers }).try_acquire_owned() else {
        let mut response = (StatusCode::SERVICE_UNAVAILABLE, "too many pages are open\n").into_response();
        finish(&mut response, "text/plain; charset=utf-8");
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
        return response;
    };
    let mut response = live::events(page, details, seat).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that collects before it passes on would make the page look dead.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

async fn metrics(State(page): State<StatusPage>, peer: Peer, headers: HeaderMap) -> Response {
    if page.access.allows(peer.map(|peer| peer.0.0), &headers) {
        let mut response = page.board.metrics_text().into_response();
        finish(&mut response, "text/plain; version=0.0.4; charset=utf-8");
        return response;
    }
    let text = "metrics are for this machine, and for who brings the health token as a bearer token\n";
    let mut response = (StatusCode::UNAUTHORIZED, text).into_response();
    finish(&mut response, "text/plain; charset=utf-8");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

async fn style() -> Response {
    asset(include_str!("page.css"), "text/css; charset=utf-8")
}

async fn script() -> Response {
    asset(include_str!("page.js"), "text/javascript; charset=utf-8")
}

async fn icon() -> Response {
    asset(include_str!("icon.svg"), "image/svg+xml")
}

/// Asked for with the version in the address, so it may be kept.
fn asset(text: &'static str, content_type: &'static str) -> Response {
    let mut response = text.into_response();
    finish(&mut response, content_type);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

fn finish(response: &mut Response, content_type: &'static str) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Nothing but what this very service serves, nothing inline, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// However many strangers look, those who are on call find a seat.
const SEATS: [usize; 2] = [48, 16];
