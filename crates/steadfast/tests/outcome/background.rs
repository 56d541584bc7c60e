//! Fear: whoever wanted the change goes away while COMMIT is on its way.

use super::*;
use steadfast_test::{Cut, Direction, Ending, eventually};

#[tokio::test]
async fn a_dropped_future_does_not_drop_its_commit_and_the_outcome_becomes_an_event() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::new(&relay.url_from(&server)).await;
    // The answer to COMMIT never comes; the statements before it are answered.
    relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(Ending::Silence));
    let fired = relay.counters().cuts_fired;
    let work = scene.write(async |tx| tx.execute("INSERT INTO numbers VALUES (1)", &[]).await);
    tokio::select! {
        result = work => panic!("answered: {result:?}"),
        () = eventually("the answer is lost", SOON, async || relay.counters().cuts_fired > fired) => {}
    }
    eventually("its outcome is told", SOON, async || !scene.events.outcomes().is_empty()).await;
    assert_eq!(scene.events.outcomes(), [Outcome::Committed { durable: true }]);
    eventually("the connection is gone", SOON, async || scene.database.status().leased == 0).await;
    assert_eq!(scene.numbers().await, [1]);
}

#[tokio::test]
async fn what_nobody_could_find_out_in_time_is_found_out_later() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::single(&relay, &server).await;
    relay.arm(Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT").ending(Ending::Ghost));
    let error = scene.write_with_no_other_way(&relay, Duration::from_millis(300)).await;
    assert_eq!(error.verdict(), steadfast::Verdict::OutcomeUnknown, "{error}");
    relay.set(Fault::None).await;
    let known = || scene.events.outcomes().last().is_some_and(Outcome::is_known);
    eventually("it is found out in the background", SOON, async || known()).await;
    assert_eq!(scene.events.outcomes().last(), Some(&Outcome::NotCommitted));
    assert_eq!(scene.numbers().await, Vec::<i64>::new());
}

/// A session cannot run anything again, but it says what became of what was done.
#[tokio::test]
async fn a_session_finds_out_too() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::new(&relay.url_from(&server)).await;
    for stored in [true, false] {
        let (direction, tag) = if stored { (Direction::ToClient, b'C') } else { (Direction::ToServer, b'Q') };
        let mut session = scene.database.session(soon());
        session.execute("INSERT INTO numbers VALUES (1)", &[]).await.unwrap();
        relay.arm(Cut::on_message(direction, tag).with_text("COMMIT").ending(Ending::Rst));
        let result = session.commit().await;
        match result {
            Ok(()) => assert!(stored),
            Err(error) => {
                assert!(!stored, "{error}");
                assert_eq!(error.verdict(), steadfast::Verdict::RetryElsewhere, "{error}");
            }
        }
    }
    assert_eq!(scene.numbers().await, [1]);
}
