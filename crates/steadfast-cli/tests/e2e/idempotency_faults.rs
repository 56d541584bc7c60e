//! An Idempotency-Key where connections and processes die: the change is stored once, and told as it was.

use std::sync::Arc;

use crate::support::client::user;
use crate::support::locker::{Locker, waiting};
use crate::support::{SOON, Service, USERS};
use steadfast_test::{Cut, Direction, Ending, Fault, Postgres, Relay, eventually};
use tokio::task::JoinSet;

#[tokio::test]
async fn a_lost_acknowledgement_and_a_lost_commit_cost_nothing() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::on(&relay.url_from(&postgres), &[]).await;
    let client = service.client;
    let acknowledgement = || Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT");
    let commit = || Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT");
    let claimed = || Cut::on_message(Direction::ToServer, b'P').with_text("INSERT INTO users");
    for (number, cut) in [acknowledgement(), commit(), claimed()].into_iter().enumerate() {
        // Nothing is prepared, so that the statement itself is on the wire.
        relay.cut_all(Ending::Fin).await;
        relay.arm(cut.ending(Ending::Rst));
        let (key, body) = (format!("key-{number}"), user(&format!("user-{number}")));
        let first = client.keyed(&key, "POST", USERS, &body).await;
        assert_eq!((first.status, relay.counters().cuts_fired), (201, number as u64 + 1), "{first:?}");
        assert!(!first.is_replay(), "{first:?}");
        let again = client.keyed(&key, "POST", USERS, &body).await;
        assert_eq!((again.status, again.is_replay(), &again.text), (201, true, &first.text));
    }
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "3");
    assert_eq!(postgres.psql("SELECT count(*) FROM steadfast_idempotency").await, "3");
}

#[tokio::test]
async fn a_worker_killed_in_the_middle_leaves_the_work_to_the_repetition() {
    let postgres = Arc::new(Postgres::start().await);
    let killed = Service::on(&postgres.url(), &[]).await;
    let other = Service::on(&postgres.url(), &[]).await;
    let locker = Locker::take(&postgres).await;
    let mut asking = JoinSet::new();
    let client = killed.client;
    asking.spawn(async move {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "killed")];
        let request = crate::support::client::request("POST", USERS, &headers, user("ada").as_bytes());
        client.exchange(&request).await
    });
    eventually("it is at work", SOON, async || waiting(&postgres).await == 1).await;
    killed.process.signal(steadfast_test::Signal::KILL);
    assert!(asking.join_next().await.unwrap().unwrap().is_err(), "nobody was left to answer");
    let client = other.client;
    let mut repeating = JoinSet::new();
    repeating.spawn(async move { client.keyed("killed", "POST", USERS, &user("ada")).await });
    // The dead worker's session still holds the key, and its successor waits for it in the database.
    eventually("the repetition waits", SOON, async || waiting(&postgres).await == 2).await;
    locker.release().await;
    let answer = repeating.join_next().await.unwrap().unwrap();
    assert_eq!((answer.status, answer.is_replay()), (201, false), "{answer:?}");
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "1");
}

#[tokio::test]
async fn a_worker_killed_before_it_could_answer_has_its_answer_given_by_another_one() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let alone = [("STEADFAST_POOL_SIZE", "1"), ("STEADFAST_POOL_MAX_OVERFLOW", "0")];
    let killed = Service::on(&relay.url_from(&postgres), &alone).await;
    // It is stored, and the one who did it can neither hear nor ask.
    relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(Ending::Rst));
    relay.set(Fault::Refuse).await;
    let client = killed.client;
    let mut asking = JoinSet::new();
    asking.spawn(async move {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "killed")];
        let request = crate::support::client::request("POST", USERS, &headers, user("ada").as_bytes());
        client.exchange(&request).await
    });
    let stored = async || postgres.psql("SELECT count(*) FROM users").await == "1";
    eventually("it is stored", SOON, stored).await;
    killed.process.signal(steadfast_test::Signal::KILL);
    assert!(asking.join_next().await.unwrap().unwrap().is_err());
    let restarted = Service::on(&postgres.url(), &[]).await;
    let answer = restarted.client.keyed("killed", "POST", USERS, &user("ada")).await;
    assert_eq!((answer.status, answer.is_replay()), (201, true), "{answer:?}");
    assert_eq!(restarted.client.get(answer.header("location").unwrap()).await.body(), answer.body());
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "1");
}
