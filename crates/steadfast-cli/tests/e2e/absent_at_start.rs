//! A database that is not there when the service starts costs its users an answer that says so, and never the
//! process.

use std::time::Duration;

use crate::support::{SOON, Service, USERS};
use steadfast_test::{Auth, Mode, Postgres, eventually};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

async fn assert_waiting(service: &Service) {
    let client = service.client;
    let body = r#"{"username":"a","email":"a@example.org"}"#;
    let answers = [
        client.get(USERS).await,
        client.get(&format!("{USERS}/1")).await,
        client.json("POST", USERS, body).await,
        client.json("PUT", &format!("{USERS}/1"), body).await,
        client.json("PATCH", &format!("{USERS}/1"), body).await,
        client.send("DELETE", &format!("{USERS}/1"), &[], b"").await,
    ];
    for answer in answers {
        assert_eq!((answer.status, answer.problem().as_str()), (503, "starting"));
        assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1, "{answer:?}");
        assert!(answer.body()["detail"].as_str().unwrap().contains("waiting for its database"), "{answer:?}");
    }
    for (path, status) in [("/livez", 200), ("/readyz", 503), ("/startupz", 503), ("/api/v1/health", 503)] {
        assert_eq!(client.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn it_listens_within_a_second_and_serves_within_a_second_of_the_databases_arrival() {
    let postgres = Postgres::start().await;
    postgres.stop(Mode::Fast).await;
    let service = Service::start(&[("DATABASE_URL", &postgres.url())]).await;
    assert_eq!(service.client.get("/livez").await.status, 200);
    let first_answer = service.started.elapsed();
    assert!(first_answer < SECOND, "the first answer came after {first_answer:?}");
    assert_waiting(&service).await;
    // Long enough for the pool to have slowed its retries down.
    let waiting_until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < waiting_until {
        assert_waiting(&service).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(service.process.is_running());
    postgres.start_again().await;
    let arrived = Instant::now();
    service.wait_until_it_serves(SOON).await;
    let served = arrived.elapsed();
    println!("measured: absent for 5 s at start: served {served:?} after PostgreSQL accepted connections");
    assert!(served < SECOND, "served {served:?} after its arrival");
    let client = service.client;
    for path in ["/livez", "/readyz", "/startupz", "/api/v1/health"] {
        eventually(path, SECOND, async || client.get(path).await.status == 200).await;
    }
}

#[tokio::test]
async fn a_database_that_refuses_the_password_is_told_in_the_log_and_by_health_and_retried() {
    let postgres = Postgres::builder().auth(Auth::Scram).password("mended-later").start().await;
    let url =
        postgres.url().replace("mended-later", "wr0ng-secret").replace("mended%2Dlater", "wr0ng-secret");
    assert!(url.contains("wr0ng-secret"));
    let service = Service::start(&[("DATABASE_URL", &url)]).await;
    let line = service.process.wait_for_line("cannot be used until somebody changes something", SOON).await;
    for word in ["28P01", "wrong password: it may have been rotated", "ERROR"] {
        assert!(line.contains(word), "{word} is missing: {line}");
    }
    assert_waiting(&service).await;
    let client = service.client;
    let failed = async || client.metric("steadfast_open_failures_total").await;
    eventually("several tries have failed", SOON, async || failed().await >= 3.0).await;
    assert!(service.process.is_running());
    assert_waiting(&service).await;
    assert!(!service.log().contains("wr0ng-secret"), "{}", service.log());
    let told = service.process.lines().iter().filter(|line| line.contains("until somebody changes")).count();
    assert_eq!(told, 1, "the same cause is told once");
    // Somebody mends it on the server, and nobody has to start the service again.
    postgres.psql("ALTER ROLE steadfast PASSWORD 'wr0ng-secret'").await;
    let mended = Instant::now();
    service.wait_until_it_serves(SOON).await;
    println!("measured: password mended: served {:?} later", mended.elapsed());
}

#[tokio::test]
async fn a_database_that_does_not_exist_yet_is_waited_for_as_well() {
    let postgres = Postgres::start().await;
    let url = format!("{}/later", postgres.url().strip_suffix("/steadfast").unwrap());
    let service = Service::start(&[("DATABASE_URL", &url)]).await;
    let line = service.process.wait_for_line("cannot be used until somebody changes something", SOON).await;
    assert!(line.contains("3D000") && line.contains("later"), "{line}");
    assert_waiting(&service).await;
    postgres.psql("CREATE DATABASE later OWNER steadfast").await;
    service.wait_until_it_serves(SOON).await;
}
