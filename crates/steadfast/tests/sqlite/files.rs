//! The file is missing, of another kind, not ours to write, full, gone or another one.

use std::time::Duration;

use steadfast::config::{SqliteLocation, SqliteOptions};
use steadfast::connector::{Alarm, Condition, Connector as _};
use steadfast::params;
use steadfast::sql::{SqlConnection as _, TransactionOptions};
use steadfast::sqlite::SqliteConnector;
use steadfast::verdict::{Class, Step};

use crate::scratch::{Scratch, connect, connector, fault_of_connecting, number};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_missing_file_is_created_with_its_settings() {
    let scratch = Scratch::new();
    let mut connection = connect(&scratch.connector(PATIENCE)).await;
    assert!(scratch.path("data.sqlite3").exists());
    let mode = connection.query("PRAGMA journal_mode", &[]).await.expect("reads");
    assert_eq!(mode.first().expect("a row").values(), params!["wal"]);
    for (pragma, value) in
        [("foreign_keys", 1), ("synchronous", 1), ("trusted_schema", 0), ("journal_size_limit", 64 << 20)]
    {
        assert_eq!(number(&mut connection, &format!("PRAGMA {pragma}")).await, value, "{pragma}");
    }
}

#[tokio::test]
async fn a_path_is_never_taken_for_a_special_name() {
    let scratch = Scratch::new();
    for name in ["file:x?mode=memory", ":memory:", "a b%20ü"] {
        let connector = connector(&scratch.path(name), PATIENCE);
        let connection = connect(&connector).await;
        assert!(scratch.path(name).exists(), "{name}");
        connector.close(connection).await;
    }
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let scratch = Scratch::new();
    let fault = fault_of_connecting(&connector(&scratch.path("no/such/data.sqlite3"), PATIENCE)).await;
    assert_eq!((fault.class(), fault.step()), (Class::Permanent, Step::Dial));
    assert_eq!(fault.code(), Some("SQLITE_CANTOPEN"));
    assert!(fault.summary().contains("no/such of the database file does not exist"), "{fault}");
    assert!(fault.remedy().expect("there is one").contains("create the directory"));
}

#[tokio::test]
async fn a_directory_is_no_database_file() {
    let scratch = Scratch::new();
    let fault = fault_of_connecting(&connector(&scratch.path(""), PATIENCE)).await;
    assert_eq!(fault.class(), Class::Permanent);
    assert!(fault.summary().contains("is a directory"), "{fault}");
}

#[tokio::test]
async fn a_file_of_another_kind_is_left_alone() {
    let scratch = Scratch::new();
    let text = "Dear diary, this is not a database. ".repeat(100);
    std::fs::write(scratch.path("data.sqlite3"), &text).expect("writes");
    let fault = fault_of_connecting(&scratch.connector(PATIENCE)).await;
    assert_eq!(fault.class(), Class::Permanent, "{fault}");
    assert_eq!(fault.code(), Some("SQLITE_NOTADB"));
    assert!(fault.remedy().expect("there is one").contains("name another file"));
    assert_eq!(std::fs::read_to_string(scratch.path("data.sqlite3")).expect("reads"), text);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_can_only_be_read_is_refused_at_once() {
    use std::os::unix::fs::PermissionsExt as _;
    for wal in [false, true] {
        let scratch = Scratch::new();
        let path = scratch.path("data.sqlite3");
        let outsider = scratch.outsider();
        if wal {
            outsider.execute_batch("PRAGMA journal_mode = WAL").expect("is set");
        }
        outsider.execute_batch("CREATE TABLE t (a)").expect("makes it");
        drop(outsider);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).expect("is set");
        if std::fs::File::options().write(true).open(&path).is_ok() {
            eprintln!("skipped: nothing is read-only for the user root");
            return;
        }
        let fault = fault_of_connecting(&scratch.connector(PATIENCE)).await;
        assert_eq!(fault.class(), Class::Permanent, "{fault}");
        assert_eq!(fault.code(), Some("SQLITE_READONLY"));
        assert!(fault.summary().contains("can only be read"), "{fault}");
    }
}

#[tokio::test]
async fn a_full_disk_fails_the_statement_and_not_the_connection() {
    let scratch = Scratch::new();
    let connector = scratch.connector(PATIENCE);
    let mut connection = connect(&connector).await;
    connection.batch("CREATE TABLE t (a BLOB)").await.expect("makes it");
    // SQLite's own limit stands in for the disk's: it ends in the same place and with the same code.
    connection.execute("PRAGMA max_page_count = 10", &[]).await.expect("is set");
    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.execute("INSERT INTO t VALUES (x'00')", &[]).await.expect("stores");
    let fault =
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))", &[]).await.expect_err("is full");
    assert_eq!(fault.class(), Class::Permanent);
    assert_eq!(fault.code(), Some("SQLITE_FULL"));
    assert!(fault.remedy().expect("there is one").contains("free space"));
    assert_eq!(connection.commit().await.expect_err("has failed").class(), Class::RolledBack);
    assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test]
async fn a_value_beyond_the_limit_is_refused() {
    let scratch = Scratch::new();
    let mut connection = connect(&scratch.connector(PATIENCE)).await;
    let fault = connection.query("SELECT zeroblob(64 * 1024 * 1024 + 1)", &[]).await.expect_err("is too big");
    assert_eq!((fault.class(), fault.code()), (Class::Statement, Some("SQLITE_TOOBIG")));
}

#[cfg(unix)]
#[tokio::test]
async fn a_deleted_file_is_found_out_by_a_ping_and_not_created_anew() {
    let scratch = Scratch::new();
    let connector = scratch.connector(PATIENCE);
    let mut connection = connect(&connector).await;
    connection.batch("CREATE TABLE t (a)").await.expect("makes it");
    let (there, away) = (scratch.path("data.sqlite3"), scratch.path("moved.sqlite3"));
    std::fs::rename(&there, &away).expect("moves");
    let fault = connector.ping(&mut connection).await.expect_err("is gone");
    assert_eq!((fault.class(), fault.step()), (Class::ConnectionLost, Step::Ping));
    assert!(fault.summary().contains("deleted or moved away"), "{fault}");

    let fault = fault_of_connecting(&connector).await;
    assert_eq!(fault.class(), Class::Unreachable, "{fault}");
    assert!(!there.exists());

    std::fs::rename(&away, &there).expect("moves back");
    connector.ping(&mut connection).await.expect("is there again");
    connect(&connector).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_replaced_file_is_found_out_by_a_ping() {
    let scratch = Scratch::new();
    let connector = scratch.connector(PATIENCE);
    let mut connection = connect(&connector).await;
    std::fs::rename(scratch.path("data.sqlite3"), scratch.path("moved.sqlite3")).expect("moves");
    std::fs::write(scratch.path("data.sqlite3"), "").expect("writes");
    let fault = connector.ping(&mut connection).await.expect_err("is another one");
    assert_eq!(fault.class(), Class::ConnectionLost);
    assert!(fault.summary().contains("replaced by another file"), "{fault}");
}

#[tokio::test]
async fn the_last_connection_to_close_leaves_one_file_behind() {
    let scratch = Scratch::new();
    let connector = scratch.connector(PATIENCE);
    let mut connection = connect(&connector).await;
    connection.batch("CREATE TABLE t (a)").await.expect("makes it");
    assert!(scratch.path("data.sqlite3-wal").exists());
    connector.close(connection).await;
    assert!(!scratch.path("data.sqlite3-wal").exists(), "closing has ended before close returns");
}

#[tokio::test]
async fn many_connections_open_a_new_file_at_once() {
    let scratch = Scratch::new();
    let connector = scratch.connector(PATIENCE);
    let connecting = (0..16).map(|_| connector.connect(Alarm::silent()));
    for connected in futures_util::future::join_all(connecting).await {
        let connection = connected.expect("connects");
        assert!(matches!(connector.inspect(&connection), Condition::Ready));
    }
}

#[tokio::test]
async fn a_database_in_memory_lives_as_long_as_its_connector() {
    let mut options = SqliteOptions::default();
    options.location = SqliteLocation::Memory;
    let connector = SqliteConnector::new(options.clone()).expect("is configured");
    let mut first = connect(&connector).await;
    first.batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").await.expect("makes it");
    connector.close(first).await;
    let mut second = connect(&connector).await;
    assert_eq!(number(&mut second, "SELECT count(*) FROM t").await, 1);

    let other = SqliteConnector::new(options).expect("is configured");
    connect(&other).await.query("SELECT * FROM t", &[]).await.expect_err("is another database");
}

#[test]
fn a_path_that_cannot_work_is_refused_before_anything_is_opened() {
    for (path, says) in [("", "empty"), ("a\0b", "NUL")] {
        let mut options = SqliteOptions::default();
        options.location = SqliteLocation::File(path.into());
        let error = SqliteConnector::new(options).expect_err("is refused");
        assert!(error.to_string().contains(says), "{error}");
    }
}
