//! Idempotency-Key and outcomes, every answer held against the published document.

use crate::support::{Answer, Client, Service};

const USERS: &str = "/api/v1/users";
const ADA: &str = r#"{"username":"ada","email":"ada@example.org"}"#;

#[cfg(test)]
async fn keyed(client: &Client, key: &str, method: &str, path: &str, body: &str) -> Answer {
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
    client.send(method, path, &headers, body.as_bytes()).await
}

#[tokio::test]
async fn every_answer_about_a_key_is_as_it_is_described() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let replayed = |answer: &Answer| answer.header("idempotent-replayed") == Some("true");
    let mut address = String::new();
    for replay in [false, true] {
        let created = keyed(&client, "create", "POST", USERS, ADA).await;
        assert_eq!((created.status, replayed(&created)), (201, replay), "{created:?}");
        created.header("location").unwrap().clone_into(&mut address);
        assert_eq!(created.header("content-type"), Some("application/json"));
    }
    for (key, method, path, body, status) in [
        ("taken", "POST", USERS, ADA, 409),
        ("put", "PUT", &*address, ADA, 200),
        ("patch", "PATCH", &*address, r#"{"username":"countess"}"#, 200),
        ("delete", "DELETE", &*address, "", 204),
        ("absent", "DELETE", &*address, "", 404),
    ] {
        for replay in [false, true] {
            let answer = keyed(&client, key, method, path, body).await;
            assert_eq!((answer.status, replayed(&answer)), (status, replay), "{key}: {answer:?}");
        }
        let other = keyed(&client, key, method, "/api/v1/users/77", ADA).await;
        if method != "POST" {
            assert_eq!(
                (other.status, other.problem().as_str()),
                (422, "idempotency-key-reused"),
                "{other:?}"
            );
        }
    }
    service.end().await;
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_before_anything_is_done() {
    let service = Service::start(|_| ()).await;
    let client = service.client();
    let long = "x".repeat(256);
    for key in ["", "\"", "\"a", "a b", "a,b", "\"a\"; b=1", "é", &long] {
        for (method, path) in [("POST", USERS), ("DELETE", "/api/v1/users/1")] {
            let body = if method == "POST" { ADA } else { "" };
            let answer = keyed(&client, key, method, path, body).await;
            assert_eq!((answer.status, answer.problem().as_str()), (400, "invalid-idempotency-key"), "{key}");
        }
    }
    let twice = [("Content-Type", "application/json"), ("Idempotency-Key", "a"), ("Idempotency-Key", "a")];
    assert_eq!(client.send("POST", USERS, &twice, ADA.as_bytes()).await.problem(), "invalid-idempotency-key");
    assert_eq!(client.get(USERS).await.body()["users"].as_array().unwrap().len(), 0);
    // A request that reads has no use for one, whatever it is.
    assert_eq!(client.send("GET", USERS, &[("Idempotency-Key", "\"")], b"").await.status, 200);
    service.end().await;
}

#[tokio::test]
async fn what_is_no_ticket_is_400_and_never_404() {
    let service = Service::start(|_| ()).await;
    for text in
        ["x", "sfs1", "sfx1AAAA", "sfs1AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%ff", "..%2f..", "%20"]
    {
        let answer = service.client().get(&format!("/api/v1/outcomes/{text}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "invalid-parameter"), "{answer:?}");
        assert_eq!(answer.errors(), [("ticket".to_owned(), "invalid".to_owned())]);
    }
    service.end().await;
}
