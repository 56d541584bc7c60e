//! A connection that dies around COMMIT: who is told "stored" finds it stored, who is told "not" does not, and
//! everybody else is told that it is not known.

use std::time::Duration;

use crate::support::client::create;
use crate::support::{Load, Service, ledger};
use steadfast_test::{Cut, Direction, Ending, Postgres, Relay};

#[tokio::test]
async fn a_lost_acknowledgement_is_told_as_unknown_and_never_repeated_blindly() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    let service = Service::on(&relay.url_from(&postgres), &[]).await;
    let client = service.client;
    let acknowledgement = || Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT");
    for (number, ending) in [Ending::Rst, Ending::Fin].into_iter().enumerate() {
        relay.arm(acknowledgement().ending(ending));
        let fired = relay.counters().cuts_fired;
        let answer = client.exchange(&create(&format!("stored-{number}"))).await.unwrap();
        assert_eq!(relay.counters().cuts_fired, fired + 1, "{answer:?}");
        assert_eq!((answer.status, answer.problem().as_str()), (503, "outcome-unknown"));
        assert!(answer.is_unknown(), "{answer:?}");
        assert_eq!(answer.header("retry-after"), None, "a blind repetition is not invited");
        // The very same again is told that it is there: nothing was stored twice.
        let again = client.exchange(&create(&format!("stored-{number}"))).await.unwrap();
        assert_eq!(again.status, 409, "{again:?}");
    }
    assert_eq!(postgres.psql("SELECT count(*) FROM users").await, "2");
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
        relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(Ending::Rst));
        load.goes_on_for(Duration::from_millis(300)).await;
        relay.arm(Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT").ending(Ending::Rst));
    }
    load.goes_on_for(Duration::from_secs(1)).await;
    let record = load.stop().await;
    record.print("twelve connections cut around COMMIT");
    record.assert_no_failures();
    let fired = usize::try_from(relay.counters().cuts_fired).unwrap();
    assert!(fired >= 6, "{fired}");
    assert!(record.unknown() > 0 && record.unknown() <= fired, "{} of {fired}", record.unknown());
    ledger::check(&postgres, &record).await;
}
