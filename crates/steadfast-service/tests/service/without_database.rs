//! A database that is late costs its users an answer that says so, and never the process.

use crate::support::Service;
use steadfast::time::{Duration, Instant};
use steadfast_service::Phase;

#[tokio::test]
async fn everything_that_needs_the_database_says_that_it_is_not_there() {
    let service = Service::start_without_database(|_| ()).await;
    let client = service.client();
    let body = r#"{"username":"a","email":"a@b.c"}"#;
    let answers = [
        client.get("/api/v1/users").await,
        client.get("/api/v1/users/1").await,
        client.delete("/api/v1/users/1").await,
        client.json("POST", "/api/v1/users", body).await,
        client.json("PUT", "/api/v1/users/1", body).await,
        client.json("PATCH", "/api/v1/users/1", body).await,
    ];
    for answer in answers {
        assert_eq!((answer.status, answer.problem().as_str()), (503, "starting"));
        assert_eq!(answer.header("retry-after"), Some("1"));
        for secret in ["hunter2", "127.0.0.1", "app", "postgres"] {
            assert!(!answer.text.contains(secret), "{answer:?}");
        }
    }
    for path in ["/", "/openapi.json", "/problems/starting"] {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    assert_eq!(service.app.lifecycle().phase(), Phase::Starting);
    service.end().await;
}

#[tokio::test]
async fn a_service_that_never_saw_its_database_ends_when_it_is_asked_to() {
    let service = Service::start_without_database(|_| ()).await;
    let begun = Instant::now();
    service.end().await;
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn it_answers_within_a_second_of_its_start() {
    let begun = Instant::now();
    let service = Service::start_without_database(|_| ()).await;
    assert_eq!(service.client().get("/").await.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(1));
    service.end().await;
}
