//! Fear: a transaction is said to be committed and is not, or the other way round.

use steadfast::connector::Connector as _;
use steadfast::params;
use steadfast::sql::{SqlConnection as _, TransactionOptions};
use steadfast::verdict::{Class, Step, Verdict};

use super::support::{connect, is_ready, plain, read_only, server};
use steadfast_test::poll_once;

#[tokio::test]
async fn a_read_is_kept_read_only_by_the_server_and_leaves_nothing_open() {
    for cache in [128, 0] {
        let (connector, mut connection) =
            connect(server().await, |options| options.statement_cache = cache).await;
        connection.batch("CREATE TABLE IF NOT EXISTS read_only_test (a int)").await.unwrap();
        for _ in 0..2 {
            let fault =
                connection.read("INSERT INTO read_only_test VALUES (1) RETURNING a", &[]).await.unwrap_err();
            assert_eq!(
                (fault.class(), fault.code()),
                (Class::Statement, Some("25006")),
                "not a demoted server: {fault}"
            );
            assert!(is_ready(&connector.inspect(&connection)));
        }
        let rows = connection.read("SELECT count(*) AS n FROM read_only_test", &[]).await.unwrap();
        assert_eq!(rows[0].get::<i64>("n").unwrap(), 0);
        assert_eq!(connection.read("SELEKT", &[]).await.unwrap_err().class(), Class::Statement);
        assert!(is_ready(&connector.inspect(&connection)));
    }
}

#[tokio::test]
async fn a_commit_answered_by_a_rollback_is_an_error() {
    let (connector, mut connection) = plain().await;
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.query("SELECT 1", &[]).await.unwrap();
    connection.query("SELECT 1/0", &[]).await.unwrap_err();
    let fault = connection.query("SELECT 1", &[]).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::RolledBack, Some("25P02")));
    let fault = connection.commit().await.unwrap_err();
    assert_eq!(
        (fault.class(), fault.step(), fault.verdict()),
        (Class::RolledBack, Step::Commit, Verdict::GiveUp)
    );
    assert!(is_ready(&connector.inspect(&connection)), "and the transaction is over");
}

#[tokio::test]
async fn the_tag_tells_when_the_failure_was_not_known_yet() {
    let (connector, mut connection) = plain().await;
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.query("SELECT 1", &[]).await.unwrap();
    // Queued ahead of COMMIT, and not answered when COMMIT is sent.
    poll_once(connection.client().batch_execute("SELECT 1/0")).await;
    let fault = connection.commit().await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::RolledBack, Some("22012")), "{fault}");
    assert!(is_ready(&connector.inspect(&connection)));
}

#[tokio::test]
async fn a_deferred_constraint_fails_the_commit_and_nothing_is_stored() {
    let (connector, mut connection) = plain().await;
    connection
        .batch("CREATE TABLE deferred (a int CONSTRAINT unique_later UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        .await
        .unwrap();
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.execute("INSERT INTO deferred VALUES (1), (1)", &[]).await.unwrap();
    let fault = connection.commit().await.unwrap_err();
    assert_eq!((fault.code(), fault.verdict()), (Some("23505"), Verdict::GiveUp), "{fault}");
    assert_eq!(fault.constraint(), Some("unique_later"));
    assert!(is_ready(&connector.inspect(&connection)));
    assert_eq!(connection.query("SELECT 1 FROM deferred", &[]).await.unwrap(), []);
}

#[tokio::test]
async fn transactions_commit_and_roll_back() {
    let (connector, mut connection) = plain().await;
    connection.batch("CREATE TABLE kept (a int)").await.unwrap();
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.execute("INSERT INTO kept VALUES ($1)", &params![1_i64]).await.unwrap();
    connection.commit().await.unwrap();
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.execute("INSERT INTO kept VALUES ($1)", &params![2_i64]).await.unwrap();
    connection.rollback().await.unwrap();
    assert!(is_ready(&connector.inspect(&connection)));
    assert_eq!(connection.query("SELECT a FROM kept", &[]).await.unwrap().len(), 1);
    connection.begin(read_only()).await.unwrap();
    let fault = connection.execute("INSERT INTO kept VALUES (3)", &[]).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Statement, Some("25006")));
    connection.rollback().await.unwrap();
    assert!(is_ready(&connector.inspect(&connection)));
    connection.commit().await.unwrap();
}
