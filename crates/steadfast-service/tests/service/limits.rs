//! Slow, silent and crowding clients.

use crate::support::{Answer, Service, within};
use axum::Router;
use axum::routing::get;
use steadfast::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const HALF: &str = "POST /api/v1/users HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: application/json\r\n\
    Content-Length: 33\r\n\r\n{\"username\":\"a\",";
const REST: &str = "\"email\":\"aa@b.c\"}";

#[cfg(test)]
async fn finish(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    Answer::parse(&bytes)
}

#[cfg(test)]
async fn send(service: &Service, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_body_that_never_ends_is_waited_for_so_long_and_no_longer() {
    let service = Service::start(|settings| settings.body_timeout = Duration::from_millis(200)).await;
    let answer = finish(send(&service, HALF).await).await;
    assert_eq!((answer.status, answer.problem().as_str()), (408, "request-incomplete"));
    service.end().await;
}

#[tokio::test]
async fn the_request_timeout_bounds_the_body_as_well() {
    let service = Service::start(|settings| settings.request_timeout = Duration::from_millis(300)).await;
    let answer = finish(send(&service, HALF).await).await;
    assert_eq!(answer.status, 408, "nothing was begun, and the answer says so");
    assert_eq!(answer.header("x-outcome"), None);
    service.end().await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let service = Service::start(|settings| settings.head_timeout = Duration::from_millis(200)).await;
    for beginning in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: t\r\nX-Slow: "] {
        let begun = Instant::now();
        let mut stream = send(&service, beginning).await;
        let mut bytes = Vec::new();
        // Closed or reset: either way it is over.
        drop(stream.read_to_end(&mut bytes).await);
        assert!(begun.elapsed() < Duration::from_secs(5), "{beginning:?}");
    }
    service.end().await;
}

#[tokio::test]
async fn who_comes_beyond_the_limit_is_refused_and_health_is_not() {
    let outside = Router::new().route("/livez", get(|| async { "alive" }));
    let service = Service::start_with(|settings| settings.max_requests = 1, outside).await;
    let client = service.client();
    let mut first = send(&service, HALF).await;
    let mut refused = None;
    let deadline = Instant::now() + Duration::from_secs(10);
    // The first one is in once the second one is out.
    while refused.is_none() {
        assert!(Instant::now() < deadline, "nobody was refused");
        refused = Some(client.get("/api/v1/users").await).filter(|answer| answer.status == 503);
    }
    let refused = refused.unwrap();
    assert_eq!(refused.problem(), "overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    let live = client.raw(b"GET /livez HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").await;
    assert_eq!((live.status, live.text.as_str()), (200, "alive"));
    first.write_all(REST.as_bytes()).await.unwrap();
    assert_eq!(finish(first).await.status, 201);
    assert_eq!(client.get("/api/v1/users").await.status, 200);
    service.end().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_their_turn() {
    let service = Service::start(|settings| settings.max_connections = 1).await;
    let first = send(&service, HALF).await;
    let client = service.client();
    let second = steadfast::tasks::spawn("second", async move {
        assert_eq!(client.get("/").await.status, 200);
    });
    drop(first);
    second.await.unwrap();
    service.end().await;
}

#[tokio::test]
async fn a_handler_that_panics_costs_its_own_request() {
    async fn boom() {
        panic!("hunter2");
    }
    let service = Service::start_with(|_| (), Router::new().route("/boom", get(boom))).await;
    let client = service.client();
    let answer = client.raw(b"GET /boom HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").await;
    assert_eq!((answer.status, answer.problem().as_str()), (500, "internal"));
    assert_eq!(answer.body()["instance"].as_str(), answer.header("x-request-id"));
    assert!(!answer.text.contains("hunter2"));
    assert_eq!(client.get("/api/v1/users").await.status, 200);
    service.end().await;
}

#[tokio::test]
async fn clients_that_hang_up_leave_nothing_behind() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    for _ in 0..50 {
        drop(send(&service, HALF).await);
        drop(send(&service, &format!("{HALF}{REST}")).await);
    }
    let database = service.app.database().clone();
    within("every connection is back in the pool", || database.status().leased == 0).await;
    let listed = client.get("/api/v1/users").await.body();
    assert!(listed["users"].as_array().unwrap().len() <= 1, "one name, one user: {listed}");
    service.end().await;
}
