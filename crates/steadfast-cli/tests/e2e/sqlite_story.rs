//! Without any configuration, in an empty directory, everything works.

use crate::support::{Client, SOON, Service, USERS};
use serde_json::Value;
use steadfast_test::Signal;

/// Reads the whole list, page by page, by the links that the service gives.
async fn names(client: Client, limit: usize) -> Vec<String> {
    let (mut found, mut next) = (Vec::new(), format!("{USERS}?limit={limit}"));
    loop {
        let page = client.get(&next).await;
        assert_eq!(page.status, 200, "{page:?}");
        let body = page.body();
        let users = body["users"].as_array().unwrap();
        assert!(users.len() <= limit);
        found.extend(users.iter().map(|user| user["username"].as_str().unwrap().to_owned()));
        let Value::String(address) = &body["next"] else { return found };
        next.clone_from(address);
    }
}

#[tokio::test]
async fn an_empty_directory_is_all_that_is_needed() {
    let service = Service::start(&[]).await;
    service.wait_until_it_serves(SOON).await;
    println!(
        "measured: SQLite: listening {:?}, first 200 {:?} after the start (debug build)",
        service.listening_after,
        service.started.elapsed()
    );
    assert!(service.directory.path().join("steadfast.sqlite3").is_file());
    let client = service.client;

    let created = client.json("POST", USERS, r#"{"username":"ada","email":"ada@Example.ORG"}"#).await;
    assert_eq!(created.status, 201, "{created:?}");
    let ada = created.body();
    assert_eq!((&ada["username"], &ada["email"]), (&"ada".into(), &"ada@example.org".into()));
    assert_eq!(ada["created_at"], ada["updated_at"]);
    let address = created.header("location").unwrap();
    assert_eq!(address, format!("{USERS}/{}", ada["id"]));
    assert_eq!(client.get(address).await.body(), ada);

    let again = client.json("POST", USERS, r#"{"username":"ada","email":"other@example.org"}"#).await;
    assert_eq!((again.status, again.fields()), (409, vec!["username".to_owned()]));

    let changed = client.json("PATCH", address, r#"{"username":"countess"}"#).await;
    assert_eq!((changed.status, &changed.body()["username"]), (200, &"countess".into()));
    assert_eq!(changed.body()["email"], ada["email"]);
    assert_eq!(changed.body()["created_at"], ada["created_at"]);
    let replaced = client.json("PUT", address, r#"{"username":"ada","email":"a@b.c"}"#).await;
    assert_eq!((replaced.status, &replaced.body()["email"]), (200, &"a@b.c".into()));

    for number in 0..7 {
        let body = format!(r#"{{"username":"user-{number}","email":"u{number}@example.org"}}"#);
        assert_eq!(client.json("POST", USERS, &body).await.status, 201);
    }
    let all = names(client, 3).await;
    let expected = ["ada", "user-0", "user-1", "user-2", "user-3", "user-4", "user-5", "user-6"];
    assert_eq!(all, expected);

    assert_eq!(client.send("DELETE", address, &[], b"").await.status, 204);
    assert_eq!(client.get(address).await.status, 404);
    assert_eq!(client.send("DELETE", address, &[], b"").await.status, 404);
    assert_eq!(names(client, 100).await, expected[1..]);
    for path in ["/", "/livez", "/readyz", "/startupz", "/api/v1/health", "/openapi.json"] {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    service.process.signal(Signal::TERM);
    assert_eq!(service.process.wait(SOON).await.code(), Some(0));
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart_and_a_kill() {
    let directory = crate::support::scratch::Scratch::new();
    let url = format!("sqlite://{}", directory.path().join("kept.sqlite3").display());
    for (round, signal) in [Signal::TERM, Signal::KILL, Signal::TERM].into_iter().enumerate() {
        let service = Service::on(&url, &[]).await;
        let body = format!(r#"{{"username":"user-{round}","email":"u{round}@example.org"}}"#);
        assert_eq!(service.client.json("POST", USERS, &body).await.status, 201);
        assert_eq!(names(service.client, 100).await.len(), round + 1);
        service.process.signal(signal);
        service.process.wait(SOON).await;
    }
}
