//! What a connection keeps between statements, and how it is given up.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use steadfast::config::{SqliteLocation, SqliteOptions};
use steadfast::connector::{Alarm, Condition, Connector as _};
use steadfast::sql::{SqlConnection as _, TransactionOptions};
use steadfast::sqlite::{SqliteConnection, SqliteConnector};
use steadfast::verdict::{Class, Step};
use tokio::time::timeout;

use crate::scratch::{Scratch, connect, number};

const PATIENCE: Duration = Duration::from_secs(5);

fn memory() -> SqliteConnector {
    let mut options = SqliteOptions::default();
    options.location = SqliteLocation::Memory;
    SqliteConnector::new(options).expect("is configured")
}

fn is_dirty(connector: &SqliteConnector, connection: &SqliteConnection) -> bool {
    matches!(connector.inspect(connection), Condition::Dirty)
}

#[tokio::test]
async fn changed_settings_are_noticed_and_undone() {
    let scratch = Scratch::new();
    let connector = scratch.connector(PATIENCE);
    for (change, question, initial) in [
        ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys", 1),
        ("PRAGMA query_only = ON", "PRAGMA query_only", 0),
        ("/* a */ pragma synchronous(2)", "PRAGMA synchronous", 1),
        ("ATTACH ':memory:' AS other", "SELECT count(*) FROM pragma_database_list", 1),
        ("CREATE TEMP TABLE mine (a)", "SELECT count(*) FROM sqlite_temp_schema", 0),
    ] {
        let mut connection = connect(&connector).await;
        for _ in 0..2 {
            connection.execute(change, &[]).await.expect("changes it");
            assert!(is_dirty(&connector, &connection), "{change}");
            assert_ne!(number(&mut connection, question).await, initial, "{change}");
            connector.clean(&mut connection).await.expect("cleans");
            assert!(matches!(connector.inspect(&connection), Condition::Ready), "{change}");
            assert_eq!(number(&mut connection, question).await, initial, "{change}");
        }
        number(&mut connection, question).await;
        assert!(matches!(connector.inspect(&connection), Condition::Ready), "a question changes nothing");
    }
}

#[tokio::test]
async fn a_transaction_is_not_ended_behind_the_librarys_back() {
    let connector = memory();
    let mut connection = connect(&connector).await;
    connection.batch("CREATE TABLE t (a)").await.expect("makes it");
    for sql in ["COMMIT", "-- x\nEND", "ROLLBACK", "BEGIN"] {
        for batch in [false, true] {
            connection.begin(TransactionOptions::default()).await.expect("begins");
            connection.execute("INSERT INTO t VALUES (1)", &[]).await.expect("writes");
            let result = if batch {
                connection.batch(sql).await
            } else {
                connection.execute(sql, &[]).await.map(drop)
            };
            assert_eq!(result.expect_err("is refused").class(), Class::Statement, "{sql}");
            assert_eq!(connection.commit().await.expect_err("has failed").class(), Class::RolledBack);
            assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 0, "{sql}");
        }
    }
}

#[tokio::test]
async fn a_transaction_begun_by_hand_is_rolled_back_by_clean_and_holds_its_place_until_then() {
    let scratch = Scratch::new();
    let connector = scratch.connector(Duration::ZERO);
    let (mut first, mut second) = (connect(&connector).await, connect(&connector).await);
    first.batch("CREATE TABLE t (a)").await.expect("makes it");
    first.execute("BEGIN", &[]).await.expect("begins");
    first.execute("INSERT INTO t VALUES (1)", &[]).await.expect("writes");
    assert!(is_dirty(&connector, &first));
    assert!(first.begin(TransactionOptions::default()).await.is_err(), "one at a time");
    let waiting = second.execute("INSERT INTO t VALUES (2)", &[]);
    assert!(timeout(Duration::from_millis(50), waiting).await.is_err(), "it waits for its turn");
    connector.clean(&mut first).await.expect("cleans");
    connector.clean(&mut second).await.expect("cleans");
    second.execute("INSERT INTO t VALUES (3)", &[]).await.expect("writes");
    assert_eq!(number(&mut first, "SELECT a FROM t").await, 3);
}

#[tokio::test]
async fn a_failed_transaction_gives_up_its_locks_at_once() {
    let scratch = Scratch::new();
    let connector = scratch.connector(Duration::ZERO);
    let (mut first, mut second) = (connect(&connector).await, connect(&connector).await);
    first.batch("CREATE TABLE t (a)").await.expect("makes it");
    first.begin(TransactionOptions::default()).await.expect("begins");
    first.execute("INSERT INTO t VALUES (1)", &[]).await.expect("writes");
    first.execute("INSERT INTO nowhere VALUES (1)", &[]).await.expect_err("fails");
    timeout(PATIENCE, second.execute("INSERT INTO t VALUES (2)", &[]))
        .await
        .expect("no lock is left")
        .expect("writes");
    assert_eq!(first.commit().await.expect_err("has failed").class(), Class::RolledBack);
}

#[tokio::test]
async fn a_deferred_constraint_is_reported_by_commit_and_nothing_is_applied() {
    let connector = memory();
    let mut connection = connect(&connector).await;
    connection
        .batch(
            "CREATE TABLE a (id BIGINT PRIMARY KEY);
             CREATE TABLE b (a BIGINT REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)",
        )
        .await
        .expect("makes them");
    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.execute("INSERT INTO b VALUES (7)", &[]).await.expect("is deferred");
    let fault = connection.commit().await.expect_err("is violated");
    assert_eq!((fault.class(), fault.step()), (Class::Statement, Step::Commit));
    assert_eq!(fault.code(), Some("SQLITE_CONSTRAINT_FOREIGNKEY"));
    assert!(matches!(connector.inspect(&connection), Condition::Ready));
    assert_eq!(number(&mut connection, "SELECT count(*) FROM b").await, 0);
}

#[tokio::test]
async fn statements_that_cannot_run_in_a_transaction_run_in_a_batch_of_one() {
    let scratch = Scratch::new();
    let mut connection = connect(&scratch.connector(PATIENCE)).await;
    connection.batch("VACUUM").await.expect("runs");
    connection.execute("VACUUM", &[]).await.expect("runs");
    connection.batch("CREATE TABLE t (a); VACUUM").await.expect_err("several are one transaction");
    connection.query("SELECT * FROM t", &[]).await.expect_err("nothing of it was applied");
}

#[tokio::test]
async fn a_statement_is_prepared_anew_when_the_schema_changes() {
    let scratch = Scratch::new();
    let connector = scratch.connector(PATIENCE);
    let (mut first, mut second) = (connect(&connector).await, connect(&connector).await);
    first.batch("CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1)").await.expect("makes it");
    for columns in 1..4 {
        let rows = first.query("SELECT * FROM t", &[]).await.expect("reads");
        assert_eq!(rows.first().expect("a row").values().len(), columns);
        assert_eq!(rows.first().expect("a row").columns().len(), columns);
        second.batch(&format!("ALTER TABLE t ADD COLUMN c{columns} BIGINT")).await.expect("adds it");
    }
}

#[tokio::test]
async fn the_schema_runs_no_functions_that_reach_outside_and_quotes_make_no_text() {
    let connector = memory();
    let mut connection = connect(&connector).await;
    let fault = connection.query("SELECT \"misspelt\"", &[]).await.expect_err("there is no such column");
    assert!(fault.summary().contains("misspelt"), "{fault}");
    connection.execute("PRAGMA writable_schema = ON", &[]).await.expect("is ignored");
    connection.batch("CREATE TABLE t (a)").await.expect("makes it");
    connection.execute("DELETE FROM sqlite_schema", &[]).await.expect_err("is refused");
}

/// The thread holds the alarm for as long as it lives.
#[tokio::test]
async fn closed_and_dropped_connections_end_their_threads() {
    let connector = memory();
    let life = Arc::new(());
    let alarm = {
        let life = Arc::clone(&life);
        Alarm::new(move || drop(Arc::clone(&life)))
    };
    let closed = connector.connect(alarm.clone()).await.expect("connects");
    let idle = connector.connect(alarm.clone()).await.expect("connects");
    let mut busy = connector.connect(alarm.clone()).await.expect("connects");
    drop(timeout(Duration::ZERO, connector.connect(alarm.clone())).await);
    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    assert!(timeout(Duration::from_millis(50), busy.query(endless, &[])).await.is_err(), "it runs");
    connector.close(closed).await;
    drop((idle, busy, alarm));
    let all_ended = async {
        while Arc::strong_count(&life) > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, all_ended).await.expect("no thread is left");
}

/// Also when the statement had been run by the time that anybody noticed.
#[tokio::test]
async fn a_dropped_statement_that_succeeded_fails_its_transaction_all_the_same() {
    let scratch = Scratch::new();
    let connector = scratch.connector(PATIENCE);
    let mut connection = connect(&connector).await;
    connection.batch("CREATE TABLE t (a)").await.expect("makes it");
    for _ in 0..20 {
        connection.begin(TransactionOptions::default()).await.expect("begins");
        connection.execute("INSERT INTO t VALUES (1)", &[]).await.expect("writes");
        let answered = {
            let mut writing = pin!(connection.execute("INSERT INTO t VALUES (2)", &[]));
            poll_fn(|context| Poll::Ready(writing.as_mut().poll(context).is_ready())).await
        };
        // Time for the thread to run it; whether that was enough changes nothing of what is expected.
        tokio::time::sleep(Duration::from_millis(2)).await;
        if answered {
            connection.rollback().await.expect("rolls back");
        } else {
            assert_eq!(connection.commit().await.expect_err("has failed").class(), Class::RolledBack);
        }
        assert!(matches!(connector.inspect(&connection), Condition::Ready));
    }
    assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 0);
}
