//! Ending in good order.

use crate::support::{Answer, Service, within};
use axum::Router;
use axum::routing::get;
use steadfast::time::{Duration, Instant, sleep, timeout};
use steadfast_service::Phase;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Below the 25 s that a drain may take, and enough for a busy machine.
const SOON: Duration = Duration::from_secs(15);

const HEAD: &str =
    "POST /api/v1/users HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 32\r\n\r\n";
const BODY: &str = r#"{"username":"a","email":"a@b.c"}"#;

#[tokio::test]
async fn what_is_in_flight_is_finished_and_nobody_else_is_let_in() {
    let service = Service::start(|_| ()).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    // The answer to the first request says that the connection is served; the second one is in flight then.
    stream.write_all(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n").await.unwrap();
    let mut buffer = [0; 4096];
    assert!(stream.read(&mut buffer).await.unwrap() > 0);
    stream.write_all(HEAD.as_bytes()).await.unwrap();
    stream.write_all(&BODY.as_bytes()[..5]).await.unwrap();
    let slots = service.app.clone();
    within("the request has begun", || slots.requests_in_flight() == 1).await;
    let begun = Instant::now();
    service.shutdown.ask();
    let address = service.address;
    within("the port is closed", || std::net::TcpStream::connect(address).is_err()).await;
    stream.write_all(&BODY.as_bytes()[5..]).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let answer = Answer::parse(&bytes);
    assert_eq!((answer.status, answer.header("connection")), (201, Some("close")));
    timeout(SOON, service.running).await.unwrap().unwrap();
    assert!(begun.elapsed() < SOON, "it does not wait for its time to be over");
}

#[tokio::test]
async fn who_has_connected_is_answered_even_when_nobody_had_time_to_accept() {
    use std::io::{Read as _, Write as _};
    for _ in 0..20 {
        let service = Service::start(|_| ()).await;
        service.shutdown.ask();
        tokio::task::yield_now().await;
        // This thread is the service's as well: the kernel alone knows of them when the time to accept is over.
        let mut streams = Vec::new();
        for _ in 0..5 {
            let mut stream = std::net::TcpStream::connect(service.address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
            streams.push(stream);
        }
        #[expect(clippy::disallowed_methods, reason = "nobody else may run meanwhile")]
        std::thread::sleep(Duration::from_millis(3));
        timeout(SOON, service.running).await.unwrap().unwrap();
        for mut stream in streams {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    }
}

#[tokio::test]
async fn idle_connections_do_not_hold_it_up() {
    let service = Service::start(|_| ()).await;
    let mut idle = TcpStream::connect(service.address).await.unwrap();
    let mut silent = TcpStream::connect(service.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n").await.unwrap();
    let mut buffer = [0; 4096];
    assert!(idle.read(&mut buffer).await.unwrap() > 0);
    let begun = Instant::now();
    service.end().await;
    assert!(begun.elapsed() < SOON);
    for stream in [&mut idle, &mut silent] {
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest).await);
        assert_eq!(rest, b"");
    }
}

#[tokio::test]
async fn the_time_to_drain_is_kept() {
    let never = Router::new().route("/never", get(std::future::pending::<()>));
    let service =
        Service::start_with(|settings| settings.drain_timeout = Duration::from_millis(300), never).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    stream.write_all(b"GET /never HTTP/1.1\r\nHost: t\r\n\r\n").await.unwrap();
    let begun = Instant::now();
    service.end().await;
    assert!(begun.elapsed() < SOON);
}

#[tokio::test]
async fn asking_twice_hurries_it() {
    let service = Service::start(|_| ()).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    stream.write_all(HEAD.as_bytes()).await.unwrap();
    let app = service.app.clone();
    within("the request has begun", || app.requests_in_flight() == 1).await;
    service.shutdown.ask();
    let address = service.address;
    within("the port is closed", || std::net::TcpStream::connect(address).is_err()).await;
    assert!(app.lifecycle().phase() < Phase::Ending);
    let begun = Instant::now();
    service.end().await;
    assert!(begun.elapsed() < SOON, "25 s were allowed, and nobody waited for them");
    assert_eq!(app.requests_in_flight(), 0);
}

#[tokio::test]
async fn a_delay_keeps_the_door_open_while_readiness_says_no() {
    let service = Service::start(|settings| settings.drain_delay = Duration::from_secs(60)).await;
    service.shutdown.ask();
    let app = service.app.clone();
    within("it drains", || app.lifecycle().phase() == Phase::Draining).await;
    assert_eq!(service.client().get("/api/v1/users").await.status, 200);
    // `end` asks once more: nobody waits for the minute.
    service.end().await;
}

#[tokio::test]
async fn a_request_that_nobody_had_read_yet_is_answered() {
    for _ in 0..20 {
        let service = Service::start(|_| ()).await;
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        // The next connection is accepted after this one.
        assert_eq!(service.client().get("/").await.status, 200);
        stream.write_all(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n").await.unwrap();
        service.shutdown.ask();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(Answer::parse(&bytes).status, 200);
        timeout(SOON, service.running).await.unwrap().unwrap();
    }
}

/// On a busy machine, or over a long way, a client needs its time between connecting and sending.
#[tokio::test]
async fn who_was_let_in_is_answered_although_the_request_comes_later() {
    let service = Service::start(|_| ()).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    // The next connection is accepted after this one.
    assert_eq!(service.client().get("/").await.status, 200);
    service.shutdown.ask();
    let address = service.address;
    within("the port is closed", || std::net::TcpStream::connect(address).is_err()).await;
    // That is the client's slowness, and no wait for anything.
    sleep(Duration::from_millis(300)).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(Answer::parse(&bytes).status, 200);
    timeout(SOON, service.running).await.unwrap().unwrap();
}
