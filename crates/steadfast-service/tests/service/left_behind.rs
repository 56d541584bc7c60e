//! A handler that panics, is dropped or returns without a commit leaves nothing behind on the server.

use std::sync::Arc;

use crate::support::{Answer, Service, within};
use axum::Router;
use axum::routing::post;
use steadfast::config::Config;
use steadfast::params;
use steadfast::time::Duration;
use steadfast::web::SessionLayer;
use steadfast::{Database, Session};
use steadfast_service::Phase;
use steadfast_test::{Postgres, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

const WITHIN: Duration = Duration::from_secs(20);

/// Stores a user and does not commit.
#[cfg(test)]
async fn write(session: &mut Session, name: &str) {
    let sql = "INSERT INTO users (username, email) VALUES ($1, $1)";
    assert_eq!(session.execute(sql, &params![name]).await.unwrap(), 1);
    assert!(session.in_transaction());
}

/// A service with handlers that misbehave on sessions of their own pool, of three connections.
#[cfg(test)]
async fn misbehaving(postgres: &Postgres, stuck: Arc<Notify>) -> (Service, Database) {
    let url = format!("{}?application_name=misbehaving", postgres.url());
    let mut config = Config::from_url(&url).unwrap();
    (config.pool.size, config.pool.max_overflow) = (2, 1);
    let database = Database::open(&config).unwrap();
    let routes = Router::new()
        .route(
            "/panic",
            post(async |mut session: Session| {
                write(&mut session, "panicked").await;
                panic!("in the middle of a transaction");
                #[expect(unreachable_code, reason = "it gives the handler its type")]
                ()
            }),
        )
        .route(
            "/forget",
            post(async |mut session: Session| {
                write(&mut session, "forgotten").await;
                "done"
            }),
        )
        .route(
            "/hang",
            post(async move |mut session: Session| {
                write(&mut session, "hung").await;
                stuck.notify_one();
                std::future::pending::<()>().await;
            }),
        )
        .route(
            "/sleep",
            post(async |mut session: Session| {
                write(&mut session, "slept").await;
                drop(session.query("SELECT pg_sleep(600)", &[]).await);
            }),
        )
        .layer(SessionLayer::new(database.clone(), Duration::from_secs(10)));
    let service = Service::launch(&Config::from_url(&postgres.url()).unwrap(), |_| (), routes);
    let app = service.app.clone();
    within("the service serves", || app.lifecycle().phase() == Phase::Serving).await;
    (service, database)
}

#[cfg(test)]
async fn ask(service: &Service, path: &str) -> Answer {
    let head = format!("POST {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    service.client().raw(head.as_bytes()).await
}

/// Sends a request and hangs up once `begun` says that it is under way.
#[cfg(test)]
async fn hang_up(service: &Service, path: &str, begun: impl Future<Output = ()>) {
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::select! {
        () = begun => {}
        answered = stream.read_u8() => panic!("{path} was answered: {answered:?}"),
    }
}

#[cfg(test)]
async fn nothing_is_left(postgres: &Postgres, database: &Database) {
    eventually("no transaction is open on the server", WITHIN, async || {
        let found = postgres.backends("misbehaving").await;
        (found.idle_in_transaction, found.active) == (0, 0)
    })
    .await;
    eventually("no slot is missing", WITHIN, async || {
        let status = database.status();
        (status.leased, status.cleaning, status.opening, status.waiting) == (0, 0, 0, 0)
    })
    .await;
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "0", "nothing was committed");
}

#[tokio::test]
async fn panics_hang_ups_and_forgotten_commits_leave_no_transaction_and_no_slot() {
    let postgres = Postgres::start().await;
    let stuck = Arc::new(Notify::new());
    let (service, database) = misbehaving(&postgres, Arc::clone(&stuck)).await;
    // More rounds than there are connections: a slot that stays behind would be missed.
    for _ in 0..5 {
        let answer = ask(&service, "/panic").await;
        assert_eq!((answer.status, answer.problem().as_str()), (500, "internal"), "{answer:?}");
        let answer = ask(&service, "/forget").await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "done"));
        nothing_is_left(&postgres, &database).await;
        hang_up(&service, "/hang", stuck.notified()).await;
        hang_up(
            &service,
            "/sleep",
            eventually("the server sleeps for it", WITHIN, async || {
                let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
                postgres.psql(sleeping).await == "1"
            }),
        )
        .await;
        nothing_is_left(&postgres, &database).await;
    }
    service.end().await;
}
