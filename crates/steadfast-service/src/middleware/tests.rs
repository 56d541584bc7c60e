use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;
use steadfast::Database;
use steadfast::config::Config;
use steadfast::time::{Instant, sleep};
use tower::ServiceExt as _;

use super::*;
use crate::app::App;
use crate::deadline::Deadline;
use crate::settings::Settings;

fn app(change: impl FnOnce(&mut Settings)) -> App {
    let mut settings = Settings::default();
    change(&mut settings);
    App::new(settings, Database::open(&Config::sqlite_memory()).unwrap())
}

async fn only_cut_off(State(app): State<App>, request: Request, next: Next) -> Response {
    cut_off(app, request, Instant::now(), |request| next.run(request)).await
}

async fn only_admission(State(app): State<App>, request: Request, next: Next) -> Response {
    match admission(&app) {
        Ok(_slot) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn only_fixed_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    fixed_headers(&mut response);
    response
}

async fn ask(router: &Router, method: &str) -> Response {
    let request = Request::builder().method(method).uri("/").body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_is_cut_off_at_the_limit() {
    let app = app(|_| ());
    let router = Router::new()
        .route("/", any(std::future::pending::<()>))
        .layer(from_fn_with_state(app.clone(), only_cut_off));
    for (method, outcome) in
        [("GET", None), ("HEAD", None), ("POST", Some("unknown")), ("DELETE", Some("unknown"))]
    {
        let begun = Instant::now();
        let response = ask(&router, method).await;
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(
            response.headers().get("x-outcome").map(|value| value.to_str().unwrap()),
            outcome,
            "{method}"
        );
        assert_eq!(begun.elapsed().as_secs(), 30);
    }
}

#[tokio::test(start_paused = true)]
async fn the_database_must_be_done_before_the_request_is_cut_off() {
    let app = app(|settings| settings.request_timeout = steadfast::time::Duration::from_secs(2));
    let handler = |deadline: Deadline| async move {
        steadfast::time::sleep_until(deadline.database()).await;
    };
    let router = Router::new().route("/", any(handler)).layer(from_fn_with_state(app.clone(), only_cut_off));
    assert_eq!(ask(&router, "POST").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_panic_is_an_answer_like_any_other() {
    async fn boom() {
        panic!("hunter2");
    }
    let router = around_all(&app(|_| ()), Router::new().route("/", any(boom)));
    let response = ask(&router, "GET").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(response.headers().contains_key("x-request-id"));
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn who_comes_when_all_slots_are_taken_is_refused_at_once_and_slots_come_back() {
    let app = app(|settings| settings.max_requests = 2);
    let slow = || sleep(steadfast::time::Duration::from_secs(5));
    let router = Router::new().route("/", any(slow)).layer(from_fn_with_state(app.clone(), only_admission));
    let begun = Instant::now();
    let late = async {
        sleep(steadfast::time::Duration::from_secs(1)).await;
        let response = ask(&router, "GET").await;
        assert_eq!(begun.elapsed().as_secs(), 1);
        response
    };
    let (one, two, three) = tokio::join!(ask(&router, "GET"), ask(&router, "GET"), late);
    assert_eq!([one.status(), two.status()], [StatusCode::OK; 2]);
    assert_eq!(three.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(three.headers()["retry-after"], "1");
    assert_eq!(ask(&router, "GET").await.status(), StatusCode::OK);
    // A client that hangs up gives its slot back as well.
    drop(steadfast::time::timeout(steadfast::time::Duration::from_secs(1), ask(&router, "GET")).await);
    assert_eq!(app.request_slots().available_permits(), 2);
}

#[tokio::test]
async fn a_route_keeps_the_headers_that_it_chose() {
    let chosen = || async { ([("cache-control", "max-age=60")], "") };
    let router = Router::new().route("/", any(chosen)).layer(from_fn(only_fixed_headers));
    let response = ask(&router, "GET").await;
    assert_eq!(response.headers()["cache-control"], "max-age=60");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_is_told_of_by_the_name_of_the_request() {
    let app = app(|_| ());
    let router = around_all(&app, Router::new().route("/", any(std::future::pending::<()>)));
    let (read, write) = std::io::pipe().unwrap();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(std::sync::Mutex::new(write)).finish();
    let told = tracing::subscriber::set_default(log);
    let request = Request::post("/").header("x-request-id", "find-me").body(Body::empty()).unwrap();
    let asked = steadfast::time::timeout(steadfast::time::Duration::from_secs(1), router.oneshot(request));
    assert!(asked.await.is_err());
    drop(told);
    let log = std::io::read_to_string(read).unwrap();
    let line =
        log.lines().find(|line| line.contains("the client was gone")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("id=\"find-me\"") && line.contains("changes=true"), "{line}");
    assert!(line.contains("latency_ms=1000"), "{line}");
    let mut left = Vec::new();
    app.in_flight().describe(&mut left).unwrap();
    assert_eq!(String::from_utf8(left).unwrap(), "requests in flight: 0\n");
}
