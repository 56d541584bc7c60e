//! The same Idempotency-Key again: one change, one answer, whoever asks and however often.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::support::client::{Answer, Client, user};
use crate::support::locker::{Locker, waiting};
use crate::support::scratch::Scratch;
use crate::support::{SOON, Service, USERS};
use steadfast_test::{Postgres, eventually};
use tokio::task::JoinSet;

/// The parts of an answer that must be the same each time.
fn parts(answer: &Answer) -> (u16, Option<&str>, &str) {
    (answer.status, answer.header("location"), &answer.text)
}

async fn tells_its_story(client: Client) {
    let key = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";
    let first = client.keyed(key, "POST", USERS, &user("ada")).await;
    assert_eq!((first.status, first.is_replay()), (201, false), "{first:?}");
    // Another spelling of the same request, and of the same key.
    let spelled = r#" { "email": "ada@EXAMPLE.org",  "username": "ada" } "#;
    for (key, body) in [(key, user("ada")), (key.trim_matches('"'), spelled.to_owned())] {
        let again = client.keyed(key, "POST", USERS, &body).await;
        assert_eq!(parts(&again), parts(&first));
        assert!(again.is_replay());
    }
    let address = first.header("location").unwrap();
    for (method, path, body) in
        [("POST", USERS, user("bob")), ("PUT", address, user("ada")), ("DELETE", address, String::new())]
    {
        let other = client.keyed(key, method, path, &body).await;
        assert_eq!((other.status, other.problem().as_str()), (422, "idempotency-key-reused"), "{other:?}");
    }

    let patched = client.keyed("patch", "PATCH", address, r#"{"username":"countess"}"#).await;
    let put = client.keyed("put", "PUT", address, &user("lovelace")).await;
    assert_eq!((patched.status, put.status), (200, 200));
    let patched_again = client.keyed("patch", "PATCH", address, r#"{"username":"countess"}"#).await;
    assert_eq!(parts(&patched_again), parts(&patched), "not done again: the user has another name by now");
    assert_eq!(client.get(address).await.body(), put.body());

    // Refusals that will not change are kept, each answer with the id of its own request.
    let taken = client.keyed("taken", "POST", USERS, &user("lovelace")).await;
    assert_eq!((taken.status, taken.problem().as_str()), (409, "duplicate"));
    let deleted = client.keyed("delete", "DELETE", address, "").await;
    assert_eq!(deleted.status, 204);
    let absent = client.keyed("absent", "DELETE", address, "").await;
    assert_eq!((absent.status, absent.problem().as_str()), (404, "user-not-found"));
    for (key, method, path, body, first) in [
        ("taken", "POST", USERS, user("lovelace"), &taken),
        ("absent", "DELETE", address, String::new(), &absent),
        ("delete", "DELETE", address, String::new(), &deleted),
    ] {
        let again = client.keyed(key, method, path, &body).await;
        assert_eq!((again.status, again.is_replay()), (first.status, true), "{again:?}");
        if again.status != 204 {
            let (mut one, mut other) = (first.body(), again.body());
            assert_eq!(other["instance"].as_str(), again.header("x-request-id"));
            assert_ne!(one["instance"].take(), other["instance"].take());
            assert_eq!(one, other);
        }
    }
    assert_eq!(client.get(USERS).await.body()["users"].as_array().unwrap().len(), 0);

    // What is wrong with the request itself uses up no key.
    assert_eq!(client.keyed("retry", "POST", USERS, "{}").await.status, 422);
    assert_eq!(client.keyed("retry", "POST", USERS, &user("eve")).await.status, 201);
}

#[tokio::test]
async fn on_postgresql_a_key_gives_its_first_answer_again() {
    let postgres = Postgres::start().await;
    tells_its_story(Service::on(&postgres.url(), &[]).await.client).await;
}

#[tokio::test]
async fn on_sqlite_a_key_gives_its_first_answer_again() {
    let service = Service::start(&[]).await;
    service.wait_until_it_serves(SOON).await;
    tells_its_story(service.client).await;
}

async fn fifty_at_once(clients: &[Client], method: &'static str, body: &str, expected: u16) {
    let mut asking = JoinSet::new();
    for number in 0..50 {
        let (client, body) = (clients[number % clients.len()], body.to_owned());
        asking.spawn(async move { client.keyed("fifty", method, USERS, &body).await });
    }
    let answers = asking.join_all().await;
    let firsts: BTreeSet<_> =
        answers.iter().map(|answer| (answer.status, answer.header("location"))).collect();
    assert_eq!(firsts.len(), 1, "{firsts:?}");
    assert_eq!(answers[0].status, expected, "{:?}", answers[0]);
    assert_eq!(answers.iter().filter(|answer| !answer.is_replay()).count(), 1, "one has done it");
}

#[tokio::test]
async fn fifty_identical_requests_at_two_workers_make_one_user() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let (one, other) = tokio::join!(Service::on(&url, &[]), Service::on(&url, &[]));
    fifty_at_once(&[one.client, other.client], "POST", &user("ada"), 201).await;
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "1");
}

#[tokio::test]
async fn fifty_identical_requests_that_are_refused_are_refused_once() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let (one, other) = tokio::join!(Service::on(&url, &[]), Service::on(&url, &[]));
    assert_eq!(one.client.json("POST", USERS, &user("ada")).await.status, 201);
    fifty_at_once(&[one.client, other.client], "POST", &user("ada"), 409).await;
}

#[tokio::test]
async fn fifty_identical_requests_on_sqlite_make_one_user() {
    let directory = Scratch::new();
    let url = format!("sqlite://{}", directory.path().join("shared.sqlite3").display());
    let (one, other) = (Service::on(&url, &[]).await, Service::on(&url, &[]).await);
    fifty_at_once(&[one.client, other.client], "POST", &user("ada"), 201).await;
    assert_eq!(one.client.get(USERS).await.body()["users"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_repetition_waits_for_the_first_and_is_told_when_that_takes_too_long() {
    let postgres = Arc::new(Postgres::start().await);
    let patient = Service::on(&postgres.url(), &[]).await;
    let hasty = Service::on(&postgres.url(), &[("STEADFAST_REQUEST_TIMEOUT", "2s")]).await;
    let locker = Locker::take(&postgres).await;
    let (one, other) = (patient.client, patient.client);
    let mut first = JoinSet::new();
    first.spawn(async move { one.keyed("slow", "POST", USERS, &user("ada")).await });
    eventually("the first is at work", SOON, async || waiting(&postgres).await == 1).await;
    let late = hasty.client.keyed("slow", "POST", USERS, &user("ada")).await;
    assert_eq!((late.status, late.problem().as_str()), (409, "idempotency-key-in-use"), "{late:?}");
    assert_eq!((late.header("retry-after"), late.header("x-outcome")), (Some("1"), None));
    // At the same worker they wait without a connection each.
    let before = one.metric("http_server_active_requests").await;
    first.spawn(async move { other.keyed("slow", "POST", USERS, &user("ada")).await });
    first.spawn(async move { other.keyed("slow", "POST", USERS, &user("ada")).await });
    let at_work = async || patient.client.metric("http_server_active_requests").await;
    eventually("all have come", SOON, async || at_work().await >= before + 2.0).await;
    eventually("only the first is at the database", SOON, async || waiting(&postgres).await == 1).await;
    for _look in 0..10 {
        assert_eq!(waiting(&postgres).await, 1, "nobody follows it there");
    }
    let pool = patient.client.pool().await;
    assert!(pool["leased"].as_u64() <= Some(1), "{pool:?}");
    locker.release().await;
    let answers = first.join_all().await;
    assert!(answers.iter().all(|answer| parts(answer) == parts(&answers[0]) && answer.status == 201));
    let again = hasty.client.keyed("slow", "POST", USERS, &user("ada")).await;
    assert_eq!(parts(&again), parts(&answers[0]));
}

#[tokio::test]
async fn a_key_that_has_expired_is_free_and_is_removed() {
    let postgres = Postgres::start().await;
    let service = Service::on(&postgres.url(), &[("STEADFAST_IDEMPOTENCY_TTL", "1s")]).await;
    let client = service.client;
    let first = client.keyed("short", "POST", USERS, &user("ada")).await;
    let address = first.header("location").unwrap();
    assert_eq!(client.send("DELETE", address, &[], b"").await.status, 204);
    let expired = "SELECT count(*) FROM steadfast_idempotency WHERE expires_at > now()";
    eventually("the key has expired", SOON, async || postgres.psql(expired).await == "0").await;
    let second = client.keyed("short", "POST", USERS, &user("ada")).await;
    assert_eq!((second.status, second.is_replay()), (201, false), "{second:?}");
    assert_ne!(second.header("location"), first.header("location"));
    let left = async || postgres.psql("SELECT count(*) FROM steadfast_idempotency").await == "0";
    eventually("old keys are removed", SOON, left).await;
}

#[tokio::test]
async fn what_a_key_costs() {
    let postgres = Postgres::start().await;
    let service = Service::on(&postgres.url(), &[]).await;
    let (client, mut plain, mut keyed) = (service.client, Vec::new(), Vec::new());
    for number in 0..200 {
        let body = user(&format!("plain-{number}"));
        let began = tokio::time::Instant::now();
        assert_eq!(client.json("POST", USERS, &body).await.status, 201);
        plain.push(began.elapsed());
        let body = user(&format!("keyed-{number}"));
        let began = tokio::time::Instant::now();
        assert_eq!(client.keyed(&format!("key-{number}"), "POST", USERS, &body).await.status, 201);
        keyed.push(began.elapsed());
    }
    plain.sort();
    keyed.sort();
    println!("measured: a create takes {:?} (median), with an Idempotency-Key {:?}", plain[100], keyed[100]);
}
