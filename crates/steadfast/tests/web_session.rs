//! Request clean-up: however a request ends, nothing of it is left on the server or in the pool.

#![cfg(test)]
#![cfg(all(feature = "axum", feature = "postgres"))]

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use futures_util::FutureExt as _;
use http::{Request, StatusCode};
use steadfast::web::SessionLayer;
use steadfast::{Config, Database, Error, Session};
use steadfast_test::{Postgres, eventually};
use tower::ServiceExt as _;

const INSERT: &str = "INSERT INTO t (a) VALUES (1)";
const BOUND: Duration = Duration::from_secs(10);

async fn returns_without_commit(mut session: Session) -> Result<(), Oops> {
    session.execute(INSERT, &[]).await?;
    Ok(())
}

async fn commits(mut session: Session) -> Result<StatusCode, Oops> {
    session.execute(INSERT, &[]).await?;
    session.commit().await?;
    Ok(StatusCode::CREATED)
}

async fn panics(mut session: Session) {
    session.execute(INSERT, &[]).await.unwrap();
    panic!("as handlers do");
}

async fn hangs(mut session: Session) -> Result<(), Oops> {
    session.execute(INSERT, &[]).await?;
    session.query("SELECT pg_sleep(60)", &[]).await?;
    Ok(())
}

async fn uses_nothing(_session: Session) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[derive(Debug)]
struct Oops(Error);

impl From<Error> for Oops {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl axum::response::IntoResponse for Oops {
    fn into_response(self) -> axum::response::Response {
        (StatusCode::SERVICE_UNAVAILABLE, self.0.to_string()).into_response()
    }
}

struct Site {
    postgres: Postgres,
    database: Database,
    router: Router,
}

impl Site {
    async fn with_patience(patience: Duration) -> Self {
        let postgres = Postgres::start().await;
        let database = Database::open(&Config::from_url(&postgres.url()).unwrap()).unwrap();
        let mut session = database.session(None);
        session.execute("CREATE TABLE t (a int)", &[]).await.unwrap();
        session.commit().await.unwrap();
        let router = Router::new()
            .route("/returns", post(returns_without_commit))
            .route("/commits", post(commits))
            .route("/panics", post(panics))
            .route("/hangs", post(hangs))
            .route("/nothing", post(uses_nothing))
            .layer(SessionLayer::new(database.clone(), patience));
        Self { postgres, database, router }
    }

    async fn post(&self, path: &str) -> StatusCode {
        let request = Request::post(path).body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap().status()
    }

    /// Nothing is open on the server, no slot is missing, and so many rows are there.
    async fn is_clean_with(&self, rows: &str) {
        eventually("the server has no transaction of ours", BOUND, async || {
            let backends = self.postgres.backends("steadfast").await;
            backends.active == 0 && backends.idle_in_transaction == 0
        })
        .await;
        eventually("all connections are back", BOUND, async || {
            let status = self.database.status();
            status.leased + status.cleaning + status.waiting == 0
        })
        .await;
        assert_eq!(self.postgres.psql("SELECT count(*) FROM steadfast.public.t").await.trim(), rows);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_stays_and_what_was_not_goes() {
    let site = Site::with_patience(Duration::from_secs(5)).await;
    assert_eq!(site.post("/commits").await, StatusCode::CREATED);
    assert_eq!(site.post("/returns").await, StatusCode::OK);
    site.is_clean_with("1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_leaves_nothing() {
    let site = Site::with_patience(Duration::from_secs(5)).await;
    for _ in 0..20 {
        let panicked = AssertUnwindSafe(site.post("/panics")).catch_unwind().await;
        assert!(panicked.is_err());
    }
    site.is_clean_with("0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_runs_out_of_time_leaves_nothing_and_is_told_why() {
    let site = Site::with_patience(Duration::from_millis(300)).await;
    assert_eq!(site.post("/hangs").await, StatusCode::SERVICE_UNAVAILABLE);
    site.is_clean_with("0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_leaves_nothing() {
    let site = Site::with_patience(Duration::from_secs(30)).await;
    for _ in 0..20 {
        let dropped = tokio::time::timeout(Duration::from_millis(50), site.post("/hangs")).await;
        assert!(dropped.is_err(), "the future of the request is dropped, as a server does then");
    }
    site.is_clean_with("0").await;
    assert_eq!(site.post("/commits").await, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_not_used_takes_no_connection() {
    let postgres_is_not_even_there = Config::from_url("postgres://nobody@127.0.0.1:1/none").unwrap();
    let database = Database::open(&postgres_is_not_even_there).unwrap();
    let layer = SessionLayer::new(database, Duration::from_secs(1));
    let router = Router::new().route("/nothing", post(uses_nothing)).layer(layer);
    let request = Request::post("/nothing").body(Body::empty()).unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_route_without_the_layer_says_so_and_does_not_panic() {
    let router: Router = Router::new().route("/nothing", post(uses_nothing));
    let request = Request::post("/nothing").body(Body::empty()).unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
}
