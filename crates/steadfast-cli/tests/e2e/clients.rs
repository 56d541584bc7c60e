//! A client that has gone, or a request that takes too long, leaves nothing behind: no transaction on the server,
//! no slot missing.

use std::sync::Arc;
use std::time::Duration;

use crate::support::client::{create, request};
use crate::support::locker::{Locker, waiting};
use crate::support::{Client, SOON, Service, USERS};
use steadfast_test::{Postgres, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// As many as there are connections: size and overflow by default.
const CAPACITY: usize = 15;

async fn service(more: &[(&str, &str)]) -> (Arc<Postgres>, Service) {
    let postgres = Arc::new(Postgres::start().await);
    let service = Service::on(&postgres.url(), more).await;
    (postgres, service)
}

/// Sends requests that wait for the lock, and gives their connections once the server runs all of them.
async fn stuck(postgres: &Postgres, client: Client, bytes: Vec<Vec<u8>>) -> Vec<TcpStream> {
    let expected = bytes.len();
    let mut streams = Vec::new();
    for bytes in bytes {
        let mut stream = TcpStream::connect(client.address).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        streams.push(stream);
    }
    eventually("all statements wait for the lock", SOON, async || waiting(postgres).await == expected).await;
    streams
}

fn creates(prefix: &str, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| create(&format!("{prefix}-{number}"))).collect()
}

/// Nothing of the service waits or is open on the server, while the lock is still held.
async fn nothing_is_left(postgres: &Postgres, client: Client) {
    eventually("no statement waits any longer", SOON, async || waiting(postgres).await == 0).await;
    eventually("no transaction is open", SOON, async || {
        let found = postgres.backends("steadfast").await;
        (found.idle_in_transaction, found.active) == (0, 0)
    })
    .await;
    eventually("no connection is in use", SOON, async || {
        let pool = client.pool().await;
        let busy = ["inUse", "opening", "verifying", "cleaning", "waiting"];
        busy.iter().all(|state| pool[*state] == 0)
    })
    .await;
}

/// Every slot can still be used: as many requests as there are slots run at the same moment.
async fn no_slot_is_missing(postgres: &Arc<Postgres>, client: Client) {
    let locker = Locker::take(postgres).await;
    let streams = stuck(postgres, client, creates("after", CAPACITY)).await;
    locker.release().await;
    for mut stream in streams {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
}

#[tokio::test]
async fn clients_that_hang_up_leave_no_transaction_and_no_slot_behind() {
    let (postgres, service) = service(&[]).await;
    let client = service.client;
    for round in 0..3 {
        let locker = Locker::take(&postgres).await;
        let reads = (0..5).map(|_| request("GET", USERS, &[], b""));
        let writes = creates(&format!("gone-{round}"), 10);
        let streams = stuck(&postgres, client, reads.chain(writes).collect()).await;
        drop(streams);
        nothing_is_left(&postgres, client).await;
        locker.release().await;
    }
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "0", "nothing was stored for nobody");
    no_slot_is_missing(&postgres, client).await;
}

#[tokio::test]
async fn clients_that_hang_up_while_they_queue_are_not_worked_for() {
    let (postgres, service) = service(&[]).await;
    let client = service.client;
    let locker = Locker::take(&postgres).await;
    let holders = stuck(&postgres, client, creates("holder", CAPACITY)).await;
    let mut queued = Vec::new();
    for bytes in creates("queued", 20) {
        let mut stream = TcpStream::connect(client.address).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        queued.push(stream);
    }
    eventually("they queue", SOON, async || client.pool().await["waiting"] == 20).await;
    drop(queued);
    eventually("nobody queues", SOON, async || client.pool().await["waiting"] == 0).await;
    locker.release().await;
    for mut stream in holders {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    let stored = postgres.psql("SELECT count(*) FROM users WHERE username LIKE 'queued-%'").await;
    assert_eq!(stored, "0");
}

#[tokio::test]
async fn requests_that_take_too_long_leave_no_transaction_and_no_slot_behind() {
    let (postgres, service) = service(&[("STEADFAST_REQUEST_TIMEOUT", "2")]).await;
    let client = service.client;
    let locker = Locker::take(&postgres).await;
    let mut under_way = JoinSet::new();
    // More than there are connections: the last ones never get one.
    for bytes in creates("late", CAPACITY + 5) {
        under_way.spawn(async move { client.exchange(&bytes).await.unwrap() });
    }
    let mut problems = Vec::new();
    for answer in under_way.join_all().await {
        assert!([503, 504].contains(&answer.status), "{answer:?}");
        assert!(!answer.is_unknown(), "nothing was committed, and that is known: {answer:?}");
        problems.push(answer.problem());
    }
    // A connection that was given up at its holder's deadline may still go to somebody whose own is moments later.
    let too_slow = problems.iter().filter(|kind| *kind == "deadline-exceeded").count();
    let never_served = problems.iter().filter(|kind| *kind == "overloaded").count();
    assert!(too_slow >= CAPACITY, "{problems:?}");
    assert_eq!(too_slow + never_served, CAPACITY + 5, "{problems:?}");
    nothing_is_left(&postgres, client).await;
    locker.release().await;
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "0");
}

#[tokio::test]
async fn clients_that_stop_in_the_middle_of_a_body_hold_nothing() {
    let (postgres, service) = service(&[]).await;
    let client = service.client;
    let mut streams = Vec::new();
    for bytes in creates("half", 2 * CAPACITY) {
        let mut stream = TcpStream::connect(client.address).await.unwrap();
        stream.write_all(&bytes[..bytes.len() - 5]).await.unwrap();
        streams.push(stream);
    }
    // They hold no connection: somebody who is quick gets one.
    let whole = tokio::time::timeout(Duration::from_secs(5), client.exchange(&create("whole"))).await;
    assert_eq!(whole.unwrap().unwrap().status, 201);
    drop(streams);
    nothing_is_left(&postgres, client).await;
    assert_eq!(postgres.psql("SELECT string_agg(username, ',') FROM users").await, "whole");
}
