//! A connection that dies around COMMIT: what became of the change is found out, and the client is told as if nothing
//! had happened.

use std::time::Duration;

use crate::support::client::{create, user};
use crate::support::{Load, Service, USERS, ledger};
use steadfast_test::{Cut, Direction, Ending, Postgres, Relay};

/// The answer to COMMIT does not arrive: it was stored.
fn acknowledgement() -> Cut {
    Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT")
}

/// COMMIT does not arrive: nothing was stored.
fn commit() -> Cut {
    Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT")
}

async fn a_change_is_told_as_it_is(cut: impl Fn() -> Cut, more: &[(&str, &str)]) {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::on(&relay.url_from(&postgres), more).await;
    let client = service.client;
    for (number, ending) in [Ending::Rst, Ending::Fin].into_iter().enumerate() {
        let asked = async |method: &str, path: &str, body: &str| {
            relay.arm(cut().ending(ending));
            let fired = relay.counters().cuts_fired;
            let answer = client.json(method, path, body).await;
            assert_eq!(relay.counters().cuts_fired, fired + 1, "{answer:?}");
            answer
        };
        let created = asked("POST", USERS, &user(&format!("stored-{number}"))).await;
        assert_eq!(created.status, 201, "{created:?}");
        let address = created.header("location").unwrap();
        assert_eq!(client.get(address).await.body(), created.body(), "its own row");
        let changed = asked("PATCH", address, r#"{"email":"new@example.org"}"#).await;
        assert_eq!((changed.status, &changed.body()["email"]), (200, &"new@example.org".into()));
        assert_eq!(client.get(address).await.body(), changed.body());
        let deleted = asked("DELETE", address, "").await;
        assert_eq!(deleted.status, 204, "{deleted:?}");
        assert_eq!(client.get(address).await.status, 404);
    }
    assert_eq!(postgres.psql("SELECT count(*), max(id) FROM users").await, "0|");
}

#[tokio::test]
async fn a_change_whose_acknowledgement_was_lost_is_told_as_stored() {
    a_change_is_told_as_it_is(acknowledgement, &[]).await;
}

#[tokio::test]
async fn a_change_whose_commit_never_arrived_is_stored_by_another_try() {
    a_change_is_told_as_it_is(commit, &[]).await;
}

#[tokio::test]
async fn a_commit_that_left_a_session_behind_is_ended_and_stored_by_another_try() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::on(&relay.url_from(&postgres), &[]).await;
    relay.arm(commit().ending(Ending::Ghost));
    let answer = service.client.exchange(&create("once")).await.unwrap();
    assert_eq!((answer.status, relay.counters().cuts_fired), (201, 1), "{answer:?}");
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "1");
}

#[tokio::test]
async fn the_guard_by_marker_tells_the_same() {
    let marker = [("STEADFAST_COMMIT_GUARD", "marker")];
    a_change_is_told_as_it_is(acknowledgement, &marker).await;
}

#[tokio::test]
async fn a_connection_lost_before_commit_costs_nothing() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::on(&relay.url_from(&postgres), &[]).await;
    let client = service.client;
    for (number, text) in ["INSERT INTO users", "BEGIN"].into_iter().enumerate() {
        for ending in [Ending::Rst, Ending::Fin, Ending::HalfClose] {
            // Whichever message carries it: parsed or as a simple query.
            relay.arm(Cut::on_message(Direction::ToServer, b'P').with_text(text).ending(ending));
            relay.arm(Cut::on_message(Direction::ToServer, b'Q').with_text(text).ending(ending));
            relay.cut_all(Ending::Fin).await;
            let name = format!("kept-{number}-{ending:?}");
            let answer = client.exchange(&create(&name)).await.unwrap();
            assert_eq!(answer.status, 201, "{answer:?}");
            relay.disarm_all();
        }
    }
    assert!(relay.counters().cuts_fired >= 6, "{:?}", relay.counters());
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "6");
}

#[tokio::test]
async fn the_ledger_is_right_after_many_lost_commits_under_load() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::seeded(&postgres, &relay.url_from(&postgres), &[]).await;
    let load = Load::start(service.client);
    for _ in 0..6 {
        load.goes_on_for(Duration::from_millis(300)).await;
        relay.arm(acknowledgement().ending(Ending::Rst));
        load.goes_on_for(Duration::from_millis(300)).await;
        relay.arm(commit().ending(Ending::Rst));
    }
    load.goes_on_for(Duration::from_secs(1)).await;
    let record = load.stop().await;
    record.print("twelve connections cut around COMMIT");
    record.assert_no_failures();
    let fired = usize::try_from(relay.counters().cuts_fired).unwrap();
    assert!(fired >= 6, "{fired}");
    assert_eq!(record.unknown(), 0, "the server was there all the time and could be asked");
    ledger::check(&postgres, &record).await;
}
