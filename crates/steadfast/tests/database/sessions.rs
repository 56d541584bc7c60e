//! Fear: a request leaves something behind, or takes what it does not need.

use steadfast::params;
use steadfast::verdict::Class;
use steadfast_test::eventually;
use tokio::time::timeout;

use super::*;

const INSERT: &str = "INSERT INTO numbers VALUES ($1)";

#[tokio::test]
async fn a_session_takes_a_connection_with_its_first_statement_and_keeps_it_until_commit() {
    for scene in Scene::both().await {
        let mut session = scene.database.session(soon());
        assert_eq!(scene.database.status().leased, 0);
        assert!(!session.in_transaction());
        session.commit().await.unwrap();
        for number in [1_i64, 2] {
            session.execute(INSERT, &params![number]).await.unwrap();
            assert!(session.in_transaction());
            assert_eq!(scene.database.status().leased, 1);
            session.query("SELECT n FROM numbers", &[]).await.unwrap();
            assert_eq!(scene.database.status().leased, 1, "one connection, one transaction");
            session.commit().await.unwrap();
            assert!(!session.in_transaction());
            eventually("it is back", SOON, async || scene.is_at_rest().await).await;
        }
        assert_eq!(scene.numbers().await, [1, 2]);
    }
}

#[tokio::test]
async fn what_was_not_committed_is_rolled_back_by_rollback_and_by_drop() {
    for scene in Scene::both().await {
        let mut session = scene.database.session(soon());
        session.execute(INSERT, &params![1_i64]).await.unwrap();
        session.rollback().await;
        assert!(!session.in_transaction());
        session.execute(INSERT, &params![2_i64]).await.unwrap();
        drop(session);
        eventually("it is back", SOON, async || scene.is_at_rest().await).await;
        assert_eq!(scene.numbers().await, Vec::<i64>::new());
    }
}

#[tokio::test]
async fn a_cancelled_statement_ends_its_transaction_and_the_session_goes_on() {
    for scene in Scene::both().await {
        let mut session = scene.database.session(soon());
        session.execute(INSERT, &params![1_i64]).await.unwrap();
        assert!(timeout(Duration::from_millis(100), session.query(scene.slow, &[])).await.is_err());
        let error = session.execute(INSERT, &params![2_i64]).await.unwrap_err();
        assert_eq!(error.fault().unwrap().class(), Class::RolledBack, "{error}");
        session.execute(INSERT, &params![3_i64]).await.unwrap();
        session.commit().await.unwrap();

        session.execute(INSERT, &params![4_i64]).await.unwrap();
        assert!(timeout(Duration::from_millis(100), session.query(scene.slow, &[])).await.is_err());
        let error = session.commit().await.unwrap_err();
        assert_eq!(error.fault().unwrap().class(), Class::RolledBack, "{error}");
        session.commit().await.unwrap();
        assert_eq!(scene.numbers().await, [3]);
    }
}

#[tokio::test]
async fn a_statement_that_fails_fails_the_transaction_and_not_the_session() {
    for scene in Scene::both().await {
        let mut session = scene.database.session(soon());
        session.execute(INSERT, &params![1_i64]).await.unwrap();
        session.execute("INSERT INTO nowhere VALUES (1)", &[]).await.unwrap_err();
        let error = session.commit().await.unwrap_err();
        assert_eq!(error.fault().unwrap().class(), Class::RolledBack, "{error}");
        for control in ["COMMIT", "ROLLBACK"] {
            session.execute(INSERT, &params![1_i64]).await.unwrap();
            session.execute(control, &[]).await.unwrap_err();
            session.rollback().await;
        }
        session.execute(INSERT, &params![2_i64]).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(scene.numbers().await, [2]);
    }
}

#[tokio::test]
async fn a_deadline_bounds_a_statement_and_the_next_transaction_is_a_new_one() {
    for scene in Scene::both().await {
        let mut session = scene.database.session(Some(Instant::now() + Duration::from_millis(300)));
        session.execute(INSERT, &params![1_i64]).await.unwrap();
        let error = session.query(scene.slow, &[]).await.unwrap_err();
        assert_eq!(error.fault().unwrap().class(), Class::Timeout, "{error}");
        assert!(!session.in_transaction());
        eventually("it is back", SOON, async || scene.is_at_rest().await).await;
        assert_eq!(scene.numbers().await, Vec::<i64>::new());
    }
}

#[tokio::test]
async fn the_first_statement_is_repeated_on_another_connection_and_a_later_one_is_not() {
    let server = Postgres::start().await;
    let relay = steadfast_test::Relay::to(server.addr()).await;
    let scene = Scene::at(&relay.url_from(&server), "stale").await;
    let mut session = scene.database.session(soon());
    // The connection dies under the statement: neither pool nor session could know before.
    relay.arm(
        steadfast_test::Cut::on_message(steadfast_test::Direction::ToServer, b'P')
            .with_text("INSERT INTO numbers"),
    );
    session.execute(INSERT, &params![1_i64]).await.expect("is repeated elsewhere");
    session.commit().await.unwrap();
    assert_eq!(relay.counters().cuts_fired, 1);

    session.execute(INSERT, &params![2_i64]).await.unwrap();
    server.terminate_backends("stale").await;
    let error = session.execute(INSERT, &params![3_i64]).await.unwrap_err();
    assert_eq!(error.fault().unwrap().code(), Some("57P01"), "{error}");
    assert!(!session.in_transaction(), "what was done is gone with the connection");
    session.execute(INSERT, &params![4_i64]).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(scene.numbers().await, [1, 4]);
}
