//! Somebody else holds the lock: another process, or another connection of this one.

use std::future::poll_fn;
use std::io::{Read as _, Write as _};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::Poll;
use std::time::Duration;

use steadfast::connector::{Condition, Connector as _};
use steadfast::sql::{Access, SqlConnection as _, TransactionOptions};
use steadfast::verdict::{Class, Verdict};
use tokio::time::{Instant, timeout};

use crate::scratch::{Scratch, connect, fault_of_connecting, number};

const PATIENCE: Duration = Duration::from_secs(20);
const NO_PATIENCE: Duration = Duration::from_millis(50);

async fn with_table(scratch: &Scratch) {
    let connector = scratch.connector(PATIENCE);
    let mut connection = connect(&connector).await;
    connection.batch("CREATE TABLE t (a BIGINT)").await.expect("makes it");
    connector.close(connection).await;
}

#[tokio::test]
async fn a_writer_waits_for_another_process_and_then_writes() {
    let scratch = Scratch::new();
    with_table(&scratch).await;
    let mut connection = connect(&scratch.connector(PATIENCE)).await;
    let outsider = scratch.outsider();
    outsider.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").expect("locks");
    {
        let mut writing = pin!(connection.execute("INSERT INTO t VALUES (2)", &[]));
        assert!(timeout(Duration::from_millis(100), writing.as_mut()).await.is_err(), "it waits");
        outsider.execute_batch("COMMIT").expect("unlocks");
        timeout(PATIENCE, writing).await.expect("goes on").expect("writes");
    }
    assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 2);
}

#[tokio::test]
async fn a_writer_that_waited_in_vain_is_told_and_may_try_again() {
    let scratch = Scratch::new();
    with_table(&scratch).await;
    let connector = scratch.connector(NO_PATIENCE);
    let mut connection = connect(&connector).await;
    let outsider = scratch.outsider();
    outsider.execute_batch("BEGIN IMMEDIATE").expect("locks");

    connection.begin(TransactionOptions::default()).await.expect("begins with the first statement");
    let fault = connection.execute("INSERT INTO t VALUES (2)", &[]).await.expect_err("is locked");
    assert_eq!((fault.class(), fault.code()), (Class::Conflict, Some("SQLITE_BUSY")));
    assert_eq!(fault.verdict(), Verdict::RetryLater);
    assert!(fault.remedy().expect("there is one").contains("busy_timeout"));
    assert_eq!(connection.commit().await.expect_err("never began").class(), Class::RolledBack);
    assert!(matches!(connector.inspect(&connection), Condition::Ready));

    let fault = connection.execute("INSERT INTO t VALUES (2)", &[]).await.expect_err("is locked");
    assert_eq!(fault.class(), Class::Conflict);
    assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 0, "readers go on");
    connector.ping(&mut connection).await.expect("a lock is no lost connection");
    outsider.execute_batch("ROLLBACK").expect("unlocks");
    connection.execute("INSERT INTO t VALUES (2)", &[]).await.expect("writes");
}

#[tokio::test]
async fn waiting_for_another_process_ends_when_nobody_wants_it() {
    let scratch = Scratch::new();
    with_table(&scratch).await;
    let connector = scratch.connector(PATIENCE);
    let mut connection = connect(&connector).await;
    let outsider = scratch.outsider();
    outsider.execute_batch("BEGIN IMMEDIATE").expect("locks");
    assert!(
        timeout(Duration::from_millis(100), connection.execute("INSERT INTO t VALUES (2)", &[]))
            .await
            .is_err()
    );
    assert!(matches!(connector.inspect(&connection), Condition::Dirty));
    let began = Instant::now();
    connector.clean(&mut connection).await.expect("cleans");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    outsider.execute_batch("ROLLBACK").expect("unlocks");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test]
async fn a_database_that_another_process_has_for_itself_cannot_serve_now() {
    let scratch = Scratch::new();
    let outsider = scratch.outsider();
    outsider.execute_batch("CREATE TABLE t (a); BEGIN EXCLUSIVE").expect("locks");
    let connector = scratch.connector(NO_PATIENCE);
    let fault = fault_of_connecting(&connector).await;
    assert_eq!((fault.class(), fault.code()), (Class::Unavailable, Some("SQLITE_BUSY")), "{fault}");
    assert_eq!(fault.verdict(), Verdict::RetryLater);
    outsider.execute_batch("ROLLBACK").expect("unlocks");
    connect(&connector).await;
}

#[tokio::test]
async fn connecting_waits_for_another_process() {
    let scratch = Scratch::new();
    let outsider = scratch.outsider();
    outsider.execute_batch("CREATE TABLE t (a); BEGIN EXCLUSIVE").expect("locks");
    let connector = scratch.connector(PATIENCE);
    let mut connecting = pin!(connect(&connector));
    assert!(timeout(Duration::from_millis(100), connecting.as_mut()).await.is_err(), "it waits");
    outsider.execute_batch("ROLLBACK").expect("unlocks");
    timeout(PATIENCE, connecting).await.expect("goes on");
}

#[tokio::test]
async fn writers_of_one_connector_take_turns_whatever_the_patience() {
    let scratch = Scratch::new();
    with_table(&scratch).await;
    let connector = scratch.connector(Duration::ZERO);
    let (mut first, mut second) = (connect(&connector).await, connect(&connector).await);
    first.begin(TransactionOptions::default()).await.expect("begins");
    first.execute("INSERT INTO t VALUES (1)", &[]).await.expect("writes");
    let mut waiting = pin!(second.execute("INSERT INTO t VALUES (2)", &[]));
    assert!(timeout(Duration::from_millis(50), waiting.as_mut()).await.is_err(), "it waits");
    first.commit().await.expect("commits");
    waiting.await.expect("is not told that the database is busy");
    assert_eq!(number(&mut first, "SELECT count(*) FROM t").await, 2);
}

#[tokio::test]
async fn writers_are_served_first_come_first_served() {
    let scratch = Scratch::new();
    with_table(&scratch).await;
    let connector = scratch.connector(PATIENCE);
    let mut holder = connect(&connector).await;
    holder.begin(TransactionOptions::default()).await.expect("begins");
    holder.execute("INSERT INTO t VALUES (0)", &[]).await.expect("writes");
    let mut writers = Vec::new();
    for _ in 0..4 {
        writers.push(connect(&connector).await);
    }
    let mut waiting: Vec<_> = writers
        .iter_mut()
        .zip(1..)
        .map(|(writer, number)| {
            Box::pin(async move {
                writer.begin(TransactionOptions::default()).await?;
                writer.execute("INSERT INTO t VALUES ($1)", &steadfast::params![number]).await?;
                writer.commit().await
            })
        })
        .collect();
    for writing in &mut waiting {
        poll_fn(|context| {
            assert!(writing.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    holder.commit().await.expect("commits");
    // Awaited in the reverse order: who is first is decided by the queue.
    futures_util::future::try_join_all(waiting.into_iter().rev()).await.expect("all write");
    let rows = holder.query("SELECT a FROM t ORDER BY rowid", &[]).await.expect("reads");
    let order: Vec<i64> = rows.iter().map(|row| row.at(0).expect("a number")).collect();
    assert_eq!(order, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn readers_do_not_wait_for_a_writer_and_keep_their_snapshot() {
    let scratch = Scratch::new();
    with_table(&scratch).await;
    let connector = scratch.connector(Duration::ZERO);
    let (mut reader, mut writer) = (connect(&connector).await, connect(&connector).await);
    let mut options = TransactionOptions::default();
    options.access = Access::ReadOnly;
    reader.begin(options).await.expect("begins");
    assert_eq!(number(&mut reader, "SELECT count(*) FROM t").await, 0);
    writer.begin(TransactionOptions::default()).await.expect("begins");
    writer.execute("INSERT INTO t VALUES (1)", &[]).await.expect("writes");
    assert_eq!(number(&mut reader, "SELECT count(*) FROM t").await, 0);
    writer.commit().await.expect("commits beside the reader");
    assert_eq!(number(&mut reader, "SELECT count(*) FROM t").await, 0, "its snapshot stays");
    reader.commit().await.expect("ends");
    assert_eq!(number(&mut reader, "SELECT count(*) FROM t").await, 1);
}

const CHILD_FILE: &str = "STEADFAST_TEST_LOCKED_FILE";

/// The file that this process is to lock, when it is the child of the test below.
#[expect(clippy::disallowed_methods, reason = "the way in which a test speaks to its child")]
fn file_to_lock() -> Option<String> {
    std::env::var(CHILD_FILE).ok()
}

fn hold_the_lock(file: &str) {
    let connection = rusqlite::Connection::open(file).expect("opens");
    // A cache of one page makes SQLite write to the log before the commit.
    connection
        .execute_batch("PRAGMA cache_size = 1; BEGIN IMMEDIATE; INSERT INTO t SELECT value FROM generate")
        .expect("locks");
    let mut out = std::io::stdout();
    out.write_all(b"\nlocked\n").and_then(|()| out.flush()).expect("tells");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("waits to be killed");
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_writes_leaves_nothing() {
    // The other process is this same test, told which file to lock.
    if let Some(file) = file_to_lock() {
        return hold_the_lock(&file);
    }
    let scratch = Scratch::new();
    let connector = scratch.connector(PATIENCE);
    let mut connection = connect(&connector).await;
    connection
        .batch(
            "CREATE TABLE t (a BIGINT);
             CREATE VIEW generate AS WITH RECURSIVE n (value) AS
                 (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 20000) SELECT value FROM n",
        )
        .await
        .expect("makes them");
    let mut child = Command::new(std::env::current_exe().expect("is known"))
        .args(["--exact", "locks::a_process_that_is_killed_while_it_writes_leaves_nothing", "--nocapture"])
        .env(CHILD_FILE, scratch.path("data.sqlite3"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let out = std::io::BufReader::new(child.stdout.take().expect("is piped"));
    assert!(
        std::io::BufRead::lines(out).any(|line| line.expect("reads") == "locked"),
        "the child holds the lock"
    );

    assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 0, "readers go on");
    {
        let mut writing = pin!(connection.execute("INSERT INTO t VALUES (7)", &[]));
        assert!(
            timeout(Duration::from_millis(100), writing.as_mut()).await.is_err(),
            "it waits for the other process"
        );
        child.kill().expect("is killed");
        child.wait().expect("ends");
        timeout(PATIENCE, writing).await.expect("goes on").expect("writes");
    }
    assert_eq!(number(&mut connection, "SELECT sum(a) FROM t").await, 7);
    assert_eq!(number(&mut connect(&connector).await, "SELECT sum(a) FROM t").await, 7);
}
