//! What every connector must do that speaks SQL, one function a rule.
//!
//! A test binary names a [`Subject`] and calls [`conformance!`], which makes a test of every rule. The
//! statements are those that both databases understand.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use steadfast::connector::{Alarm, Condition, Connector};
use steadfast::params;
use steadfast::sql::{Access, FromValue, Row, SqlConnection, TransactionOptions, Value};
use steadfast::verdict::{Class, Step, Verdict};
use steadfast::{Error, Fault};
use tokio::time::timeout;
use uuid::Uuid;

/// Nothing here takes longer, except when it is broken.
const BOUND: Duration = Duration::from_secs(10);

/// A database that nobody else uses, and a connector to it.
pub trait Subject: Sized + Send + Sync + 'static {
    /// What is tested.
    type Connector: Connector<Connection: SqlConnection>;

    /// A statement that gives one row with one number, in a minute or more.
    const SLOW_QUERY: &'static str;
    /// A statement that adds 666 to the table `numbers`, in a minute or more.
    const SLOW_INSERT: &'static str;
    /// What a violated unique constraint on `people.email` is called.
    const EMAIL_CONSTRAINT: &'static str;
    /// The code of a violated unique constraint.
    const UNIQUE_CODE: &'static str;

    /// Makes an empty database.
    fn start() -> impl Future<Output = Self> + Send;

    /// The connector.
    fn connector(&self) -> &Self::Connector;
}

/// Makes a test of every rule for a [`Subject`].
#[macro_export]
macro_rules! conformance {
    ($subject:ty) => {
        $crate::conformance! { @each $subject;
            connects_ready_and_answers_a_ping,
            every_kind_of_value_survives_the_round_trip,
            nulls_of_every_kind_survive_the_round_trip,
            parameters_go_by_number,
            a_wrong_number_of_parameters_is_a_clear_fault,
            a_wrong_column_is_a_clear_error,
            execute_counts_the_rows_that_it_affected,
            returning_gives_rows,
            an_empty_statement_does_nothing,
            a_statement_that_fails_leaves_the_connection_usable,
            a_unique_violation_names_its_constraint,
            text_with_a_nul_character_is_refused,
            odd_text_comes_back_as_it_went,
            a_committed_transaction_is_seen_by_others,
            an_open_transaction_is_not_seen_by_others,
            a_rolled_back_transaction_leaves_nothing,
            a_transaction_without_statements_commits,
            rollback_without_a_transaction_does_nothing,
            a_failed_statement_fails_its_transaction,
            a_savepoint_survives_a_failure_after_it,
            after_a_failed_transaction_the_next_one_works,
            a_read_only_transaction_refuses_writes,
            a_read_only_transaction_reads_one_snapshot,
            read_refuses_writes,
            a_batch_runs_every_statement,
            a_batch_is_applied_wholly_or_not_at_all,
            a_dropped_statement_makes_the_connection_dirty_and_clean_ends_it,
            nothing_of_a_dropped_write_is_applied,
            a_dropped_statement_fails_its_transaction,
            a_transaction_left_open_is_rolled_back_by_clean,
            a_transaction_left_before_its_first_statement_is_forgotten_by_clean,
            a_begin_dropped_after_its_first_poll_holds_nothing,
            settings_do_not_outlive_clean,
            closing_rolls_back_and_releases_locks,
            dropping_rolls_back_and_releases_locks,
            writers_and_readers_lose_nothing,
        }
    };
    (@each $subject:ty; $($rule:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                suite::bounded(suite::$rule::<$subject>()).await;
            }
        )*
    };
}

/// Ends a test that hangs.
pub async fn bounded(rule: impl Future<Output = ()>) {
    timeout(BOUND * 3, rule).await.expect("the rule is kept in time");
}

type Connection<S> = <<S as Subject>::Connector as Connector>::Connection;

async fn connect<S: Subject>(subject: &S) -> Connection<S> {
    subject.connector().connect(Alarm::silent()).await.expect("connects")
}

/// A database with tables for numbers and people.
async fn furnished<S: Subject>() -> (S, Connection<S>) {
    let subject = S::start().await;
    let mut connection = connect(&subject).await;
    connection
        .batch(
            "CREATE TABLE numbers (n BIGINT NOT NULL);
             CREATE TABLE people (id BIGINT PRIMARY KEY, email TEXT NOT NULL UNIQUE)",
        )
        .await
        .expect("makes the tables");
    (subject, connection)
}

async fn numbers(connection: &mut impl SqlConnection) -> Vec<i64> {
    let rows = connection.query("SELECT n FROM numbers ORDER BY n", &[]).await.expect("reads");
    rows.iter().map(|row| row.at(0).expect("a number")).collect()
}

async fn insert(connection: &mut impl SqlConnection, number: i64) -> Result<u64, Fault> {
    connection.execute("INSERT INTO numbers (n) VALUES ($1)", &params![number]).await
}

fn read_only() -> TransactionOptions {
    let mut options = TransactionOptions::default();
    options.access = Access::ReadOnly;
    options
}

fn is_ready<S: Subject>(subject: &S, connection: &Connection<S>) -> bool {
    matches!(subject.connector().inspect(connection), Condition::Ready)
}

fn is_dirty<S: Subject>(subject: &S, connection: &Connection<S>) -> bool {
    matches!(subject.connector().inspect(connection), Condition::Dirty)
}

/// Polls a future once, and drops it.
async fn start_and_drop(future: impl Future) {
    let mut future = pin!(future);
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending(), "it takes long");
        Poll::Ready(())
    })
    .await;
}

/// Lets a future run for a while, and drops it.
async fn run_and_drop(future: impl Future) {
    assert!(timeout(Duration::from_millis(100), future).await.is_err(), "it takes long");
}

async fn clean<S: Subject>(subject: &S, connection: &mut Connection<S>) {
    timeout(Duration::from_secs(2), subject.connector().clean(connection))
        .await
        .expect("cleans within the pool's clean_timeout")
        .expect("cleans");
    assert!(is_ready(subject, connection));
}

pub async fn connects_ready_and_answers_a_ping<S: Subject>() {
    let subject = S::start().await;
    let mut connection = connect(&subject).await;
    assert!(is_ready(&subject, &connection));
    subject.connector().ping(&mut connection).await.expect("answers");
    assert!(is_ready(&subject, &connection));
    subject.connector().close(connection).await;
}

const KINDS: &str = "CREATE TABLE kinds (
    truth BOOLEAN, number BIGINT, ratio DOUBLE PRECISION, words TEXT, bytes BYTEA, moment TIMESTAMPTZ, tag UUID)";
const INSERT_KINDS: &str = "INSERT INTO kinds VALUES ($1, $2, $3, $4, $5, $6, $7)";

async fn kinds<S: Subject>(params: &[Value]) -> Row {
    let subject = S::start().await;
    let mut connection = connect(&subject).await;
    connection.batch(KINDS).await.expect("makes the table");
    connection.execute(INSERT_KINDS, params).await.expect("stores");
    connection.query("SELECT * FROM kinds", &[]).await.expect("reads").remove(0)
}

fn get<T: FromValue>(row: &Row, column: &str) -> T {
    row.get(column).expect("is of its type")
}

pub async fn every_kind_of_value_survives_the_round_trip<S: Subject>() {
    let moment: Timestamp = "2026-02-28T23:59:59.123456Z".parse().expect("a timestamp");
    let tag = Uuid::new_v4();
    let bytes: Vec<u8> = (0..=255).collect();
    let row = kinds::<S>(&params![true, i64::MIN, 0.1, "Grüße, \u{1f600}", bytes.clone(), moment, tag]).await;
    assert!(get::<bool>(&row, "truth"));
    assert_eq!(get::<i64>(&row, "number"), i64::MIN);
    assert_eq!(get::<f64>(&row, "ratio").to_bits(), 0.1_f64.to_bits());
    assert_eq!(get::<String>(&row, "words"), "Grüße, \u{1f600}");
    assert_eq!(get::<Vec<u8>>(&row, "bytes"), bytes);
    assert_eq!(get::<Timestamp>(&row, "moment"), moment);
    assert_eq!(get::<Uuid>(&row, "tag"), tag);
    let names = ["truth", "number", "ratio", "words", "bytes", "moment", "tag"];
    assert_eq!(row.columns(), names);

    let bounds = kinds::<S>(&params![false, i64::MAX, -0.0, "", Vec::<u8>::new(), Timestamp::UNIX_EPOCH, Uuid::nil()]).await;
    assert!(!get::<bool>(&bounds, "truth"));
    assert_eq!(get::<i64>(&bounds, "number"), i64::MAX);
    assert_eq!(get::<f64>(&bounds, "ratio"), 0.0);
    assert_eq!(get::<String>(&bounds, "words"), "");
    assert_eq!(get::<Vec<u8>>(&bounds, "bytes"), Vec::<u8>::new());
    assert_eq!(get::<Timestamp>(&bounds, "moment"), Timestamp::UNIX_EPOCH);
    assert_eq!(get::<Uuid>(&bounds, "tag"), Uuid::nil());
}

pub async fn nulls_of_every_kind_survive_the_round_trip<S: Subject>() {
    let row = kinds::<S>(&vec![Value::Null; 7]).await;
    assert_eq!(row.values(), vec![Value::Null; 7]);
    assert_eq!(get::<Option<Timestamp>>(&row, "moment"), None);
    assert!(matches!(row.get::<i64>("number"), Err(Error::Column { .. })), "NULL is no number");
}

pub async fn parameters_go_by_number<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    connection
        .execute("INSERT INTO people (email, id) VALUES ($2, $1)", &params![7_i64, "seven@example.org"])
        .await
        .expect("stores");
    let rows = connection
        .query("SELECT id FROM people WHERE email = $2 AND id = $1", &params![7_i64, "seven@example.org"])
        .await
        .expect("reads");
    assert_eq!(rows.len(), 1);
    let rows = connection
        .query("SELECT id FROM people WHERE id = $1 OR id = $1 + 1", &params![7_i64])
        .await
        .expect("one parameter may be used twice");
    assert_eq!(rows.len(), 1);
}

pub async fn a_wrong_number_of_parameters_is_a_clear_fault<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for params in [&params![][..], &params![1_i64][..], &params![1_i64, "x", 3_i64][..]] {
        let fault = connection.execute("INSERT INTO people VALUES ($1, $2)", params).await.expect_err("is refused");
        assert_eq!(fault.class(), Class::Statement, "{fault}");
        assert_eq!(fault.verdict(), Verdict::GiveUp);
    }
    assert!(is_ready(&subject, &connection));
}

pub async fn a_wrong_column_is_a_clear_error<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    insert(&mut connection, 1).await.expect("stores");
    let rows = connection.query("SELECT n FROM numbers", &[]).await.expect("reads");
    for error in [
        rows[0].get::<i64>("m").expect_err("there is no m"),
        rows[0].get::<String>("n").expect_err("n is a number"),
        rows[0].at::<i64>(1).expect_err("there is one column"),
    ] {
        assert!(matches!(error, Error::Column { .. }), "{error}");
    }
    let fault = connection.query("SELECT m FROM numbers", &[]).await.expect_err("there is no m");
    assert_eq!((fault.class(), fault.step()), (Class::Statement, Step::Statement));
}

pub async fn execute_counts_the_rows_that_it_affected<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    let mut count = async |sql: &str| connection.execute(sql, &[]).await.expect("runs");
    assert_eq!(count("INSERT INTO numbers VALUES (1), (2), (3)").await, 3);
    assert_eq!(count("CREATE TABLE other (n BIGINT)").await, 0);
    assert_eq!(count("UPDATE numbers SET n = n + 10 WHERE n > 1").await, 2);
    assert_eq!(count("DELETE FROM numbers WHERE n = 99").await, 0);
    assert_eq!(count("SELECT n FROM numbers").await, 3);
    assert_eq!(count("INSERT INTO numbers VALUES (4), (5) RETURNING n").await, 2);
}

pub async fn returning_gives_rows<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    let rows = connection
        .query("INSERT INTO people VALUES ($1, $2) RETURNING id, email", &params![1_i64, "a@example.org"])
        .await
        .expect("stores");
    assert_eq!(rows[0].values(), params![1_i64, "a@example.org"]);
    let rows = connection.query("SELECT id FROM people", &[]).await.expect("reads");
    assert_eq!(rows.len(), 1, "stored once");
}

pub async fn an_empty_statement_does_nothing<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for sql in ["", "-- only a comment", ";"] {
        assert_eq!(connection.execute(sql, &[]).await.expect("runs"), 0, "{sql}");
        assert_eq!(connection.query(sql, &[]).await.expect("runs"), [], "{sql}");
        connection.batch(sql).await.expect("runs");
    }
    assert!(is_ready(&subject, &connection));
}

pub async fn a_statement_that_fails_leaves_the_connection_usable<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for sql in ["SELEC 1", "SELECT * FROM nowhere", "INSERT INTO numbers VALUES (NULL)"] {
        let fault = connection.query(sql, &[]).await.expect_err("fails");
        assert_eq!(fault.class(), Class::Statement, "{fault}");
        assert!(fault.code().is_some(), "{fault}");
        assert!(is_ready(&subject, &connection), "{sql}");
    }
    insert(&mut connection, 1).await.expect("goes on");
    assert_eq!(numbers(&mut connection).await, [1]);
}

pub async fn a_unique_violation_names_its_constraint<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    let insert = "INSERT INTO people VALUES ($1, $2)";
    connection.execute(insert, &params![1_i64, "same@example.org"]).await.expect("stores");
    let fault = connection.execute(insert, &params![2_i64, "same@example.org"]).await.expect_err("is a duplicate");
    assert_eq!(fault.class(), Class::Statement);
    assert_eq!(fault.constraint(), Some(S::EMAIL_CONSTRAINT));
    assert_eq!(fault.code(), Some(S::UNIQUE_CODE));
    assert!(!fault.to_string().contains("same@"), "values are not told: {fault}");
}

pub async fn text_with_a_nul_character_is_refused<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    let stored = connection.execute("INSERT INTO people VALUES (1, $1)", &params!["a\0b"]).await;
    assert_eq!(stored.expect_err("is refused").class(), Class::Statement);
    assert!(is_ready(&subject, &connection));
}

pub async fn odd_text_comes_back_as_it_went<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    let odd = ["'; DROP TABLE people; --", "\u{202e}\u{feff}", "\\x00 $1 ? :a", " \t\r\n ", "\u{10ffff}"];
    for (id, text) in (0_i64..).zip(odd) {
        connection.execute("INSERT INTO people VALUES ($1, $2)", &params![id, text]).await.expect("stores");
        let rows = connection.query("SELECT email FROM people WHERE id = $1", &params![id]).await.expect("reads");
        assert_eq!(get::<String>(&rows[0], "email"), text);
    }
}

pub async fn a_committed_transaction_is_seen_by_others<S: Subject>() {
    let (subject, mut writer) = furnished::<S>().await;
    let mut reader = connect(&subject).await;
    for number in 1..=3 {
        writer.begin(TransactionOptions::default()).await.expect("begins");
        insert(&mut writer, number).await.expect("stores");
        assert!(is_dirty(&subject, &writer));
        writer.commit().await.expect("commits");
        assert!(is_ready(&subject, &writer));
        assert_eq!(numbers(&mut reader).await, (1..=number).collect::<Vec<_>>());
        std::mem::swap(&mut writer, &mut reader);
    }
}

pub async fn an_open_transaction_is_not_seen_by_others<S: Subject>() {
    let (subject, mut writer) = furnished::<S>().await;
    writer.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut writer, 1).await.expect("stores");
    let mut reader = connect(&subject).await;
    let meanwhile = tokio::spawn(async move {
        let seen = numbers(&mut reader).await;
        (seen, reader)
    });
    // A database in memory makes readers wait for the writer; none may show them what is not committed.
    tokio::time::sleep(Duration::from_millis(50)).await;
    writer.rollback().await.expect("rolls back");
    let (seen, _reader) = meanwhile.await.expect("reads");
    assert_eq!(seen, []);
}

pub async fn a_rolled_back_transaction_leaves_nothing<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut connection, 1).await.expect("stores");
    assert_eq!(numbers(&mut connection).await, [1], "it sees its own writes");
    connection.rollback().await.expect("rolls back");
    assert!(is_ready(&subject, &connection));
    assert_eq!(numbers(&mut connection).await, []);
}

pub async fn a_transaction_without_statements_commits<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.commit().await.expect("commits");
    assert!(is_ready(&subject, &connection));
    insert(&mut connection, 1).await.expect("stores outside of it");
    connection.rollback().await.expect("does nothing");
    assert_eq!(numbers(&mut connection).await, [1]);
}

pub async fn rollback_without_a_transaction_does_nothing<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.rollback().await.expect("does nothing");
    connection.begin(read_only()).await.expect("begins");
    connection.rollback().await.expect("forgets it");
    connection.rollback().await.expect("does nothing");
    assert!(is_ready(&subject, &connection));
}

pub async fn a_failed_statement_fails_its_transaction<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for wrong in ["SELEC 1", "SELECT * FROM nowhere", "INSERT INTO numbers VALUES (NULL)", "SELECT $1"] {
        connection.begin(TransactionOptions::default()).await.expect("begins");
        insert(&mut connection, 1).await.expect("stores");
        connection.execute(wrong, &[]).await.expect_err("fails");
        let refused = insert(&mut connection, 2).await.expect_err("is refused");
        assert_eq!(refused.class(), Class::RolledBack, "{refused}");
        assert_eq!(refused.code(), Some("25P02"), "{refused}");
        let fault = connection.commit().await.expect_err("does not commit");
        assert_eq!((fault.class(), fault.step()), (Class::RolledBack, Step::Commit), "{wrong}: {fault}");
        assert_eq!(fault.verdict(), Verdict::GiveUp);
        assert!(is_ready(&subject, &connection), "{wrong}");
        assert_eq!(numbers(&mut connection).await, [], "{wrong}");
    }
}

pub async fn a_savepoint_survives_a_failure_after_it<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut connection, 1).await.expect("stores");
    connection.execute("SAVEPOINT here", &[]).await.expect("is set");
    insert(&mut connection, 2).await.expect("stores");
    connection.execute("SELECT * FROM nowhere", &[]).await.expect_err("fails");
    insert(&mut connection, 3).await.expect_err("is refused");
    connection.execute("ROLLBACK TO SAVEPOINT here", &[]).await.expect("returns");
    insert(&mut connection, 4).await.expect("stores");
    connection.commit().await.expect("commits");
    assert_eq!(numbers(&mut connection).await, [1, 4]);
}

pub async fn after_a_failed_transaction_the_next_one_works<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.execute("SELECT * FROM nowhere", &[]).await.expect_err("fails");
    connection.rollback().await.expect("rolls back");
    connection.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut connection, 1).await.expect("stores");
    connection.commit().await.expect("commits");
    assert_eq!(numbers(&mut connection).await, [1]);
}

pub async fn a_read_only_transaction_refuses_writes<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for write in
        ["INSERT INTO numbers VALUES (1)", "CREATE TABLE other (n BIGINT)", "DELETE FROM numbers", "DROP TABLE numbers"]
    {
        connection.begin(read_only()).await.expect("begins");
        assert_eq!(numbers(&mut connection).await, []);
        let fault = connection.execute(write, &[]).await.expect_err("is refused");
        assert_eq!(fault.class(), Class::Statement, "{write}: {fault}");
        assert_eq!(connection.commit().await.expect_err("has failed").class(), Class::RolledBack);
        connection.begin(read_only()).await.expect("begins");
        connection.batch(write).await.expect_err("is refused in a batch as well");
        connection.rollback().await.expect("rolls back");
    }
    assert!(is_ready(&subject, &connection));
    insert(&mut connection, 1).await.expect("writes again");
}

pub async fn a_read_only_transaction_reads_one_snapshot<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    insert(&mut connection, 1).await.expect("stores");
    let mut options = read_only();
    options.isolation = Some(steadfast::sql::Isolation::RepeatableRead);
    connection.begin(options).await.expect("begins");
    assert_eq!(numbers(&mut connection).await, [1]);
    assert_eq!(numbers(&mut connection).await, [1]);
    connection.commit().await.expect("commits");
}

pub async fn read_refuses_writes<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    insert(&mut connection, 1).await.expect("stores");
    let rows = connection.read("SELECT n FROM numbers WHERE n = $1", &params![1_i64]).await.expect("reads");
    assert_eq!(rows.len(), 1);
    for write in ["INSERT INTO numbers VALUES (2) RETURNING n", "DELETE FROM numbers", "CREATE TABLE other (n BIGINT)"] {
        let fault = connection.read(write, &[]).await.expect_err("is refused");
        assert_eq!(fault.class(), Class::Statement, "{write}: {fault}");
        assert!(is_ready(&subject, &connection), "{write}");
    }
    assert_eq!(numbers(&mut connection).await, [1]);
}

pub async fn a_batch_runs_every_statement<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    connection
        .batch(
            "CREATE TABLE made_here (n BIGINT); -- the next one needs it
             INSERT INTO made_here VALUES (1); INSERT INTO numbers SELECT n + 1 FROM made_here;
             ;; /* nothing */",
        )
        .await
        .expect("runs");
    assert_eq!(numbers(&mut connection).await, [2]);
}

pub async fn a_batch_is_applied_wholly_or_not_at_all<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    let fault = connection
        .batch("INSERT INTO numbers VALUES (1); INSERT INTO nowhere VALUES (2); INSERT INTO numbers VALUES (3)")
        .await
        .expect_err("fails");
    assert_eq!(fault.class(), Class::Statement);
    assert!(is_ready(&subject, &connection));
    assert_eq!(numbers(&mut connection).await, []);

    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.batch("INSERT INTO numbers VALUES (1); INSERT INTO numbers VALUES (2)").await.expect("runs");
    connection.rollback().await.expect("rolls back");
    assert_eq!(numbers(&mut connection).await, [], "inside a transaction it belongs to it");
}

pub async fn a_dropped_statement_makes_the_connection_dirty_and_clean_ends_it<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for _ in 0..3 {
        start_and_drop(connection.query(S::SLOW_QUERY, &[])).await;
        assert!(is_dirty(&subject, &connection));
        clean(&subject, &mut connection).await;

        run_and_drop(connection.query(S::SLOW_QUERY, &[])).await;
        assert!(is_dirty(&subject, &connection));
        clean(&subject, &mut connection).await;

        insert(&mut connection, 1).await.expect("works again");
    }
    assert_eq!(numbers(&mut connection).await, [1, 1, 1]);
}

pub async fn nothing_of_a_dropped_write_is_applied<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    run_and_drop(connection.execute(S::SLOW_INSERT, &[])).await;
    clean(&subject, &mut connection).await;
    assert_eq!(numbers(&mut connection).await, []);

    connection.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut connection, 1).await.expect("stores");
    run_and_drop(connection.execute(S::SLOW_INSERT, &[])).await;
    clean(&subject, &mut connection).await;
    let mut other = connect(&subject).await;
    assert_eq!(numbers(&mut other).await, []);
    insert(&mut other, 2).await.expect("no lock is left");
    assert_eq!(numbers(&mut connection).await, [2]);
}

pub async fn a_dropped_statement_fails_its_transaction<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut connection, 1).await.expect("stores");
    run_and_drop(connection.query(S::SLOW_QUERY, &[])).await;
    let result = timeout(BOUND, connection.commit()).await.expect("does not wait for what nobody wants");
    assert_eq!(result.expect_err("does not commit").class(), Class::RolledBack);
    clean(&subject, &mut connection).await;
    assert_eq!(numbers(&mut connection).await, []);
}

pub async fn a_transaction_left_open_is_rolled_back_by_clean<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for options in [TransactionOptions::default(), read_only()] {
        connection.begin(options).await.expect("begins");
        assert_eq!(numbers(&mut connection).await, []);
        if options.access == Access::ReadWrite {
            insert(&mut connection, 1).await.expect("stores");
        }
        assert!(is_dirty(&subject, &connection));
        clean(&subject, &mut connection).await;
        assert_eq!(numbers(&mut connection).await, []);
        insert(&mut connect(&subject).await, 2).await.expect("no lock is left");
        connection.execute("DELETE FROM numbers", &[]).await.expect("writes outside of it");
    }
}

pub async fn a_transaction_left_before_its_first_statement_is_forgotten_by_clean<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.begin(read_only()).await.expect("begins");
    clean(&subject, &mut connection).await;
    insert(&mut connection, 1).await.expect("writes outside of it");
    connection.rollback().await.expect("does nothing");
    assert_eq!(numbers(&mut connection).await, [1]);
}

pub async fn a_begin_dropped_after_its_first_poll_holds_nothing<S: Subject>() {
    let (subject, mut first) = furnished::<S>().await;
    let mut second = connect(&subject).await;
    // The first one writes, so that the second one's beginning has something to wait for, where one waits.
    first.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut first, 1).await.expect("stores");
    {
        let mut beginning = pin!(async {
            second.begin(TransactionOptions::default()).await?;
            insert(&mut second, 2).await
        });
        poll_fn(|context| {
            drop(beginning.as_mut().poll(context));
            Poll::Ready(())
        })
        .await;
    }
    first.commit().await.expect("commits");
    clean(&subject, &mut second).await;
    let mut third = connect(&subject).await;
    timeout(BOUND, insert(&mut third, 3)).await.expect("no lock is left").expect("stores");
    assert_eq!(numbers(&mut second).await, [1, 3]);
}

pub async fn settings_do_not_outlive_clean<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.execute("CREATE TEMP TABLE mine (n BIGINT)", &[]).await.expect("makes it");
    if is_dirty(&subject, &connection) {
        clean(&subject, &mut connection).await;
        connection.query("SELECT n FROM mine", &[]).await.expect_err("is gone");
    }
    connection.query("SELECT n FROM numbers", &[]).await.expect("goes on");
}

async fn leave_locked<S: Subject>(subject: &S) -> Connection<S> {
    let mut connection = connect(subject).await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.execute("UPDATE numbers SET n = 99", &[]).await.expect("locks the row");
    connection
}

async fn expect_unlocked<S: Subject>(mut connection: Connection<S>) {
    let update = connection.execute("UPDATE numbers SET n = n + 1", &[]);
    timeout(BOUND, update).await.expect("no lock is left").expect("updates");
    assert_eq!(numbers(&mut connection).await, [2]);
}

pub async fn closing_rolls_back_and_releases_locks<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    insert(&mut connection, 1).await.expect("stores");
    let locked = leave_locked(&subject).await;
    subject.connector().close(locked).await;
    expect_unlocked::<S>(connection).await;
}

pub async fn dropping_rolls_back_and_releases_locks<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    insert(&mut connection, 1).await.expect("stores");
    let mut locked = leave_locked(&subject).await;
    run_and_drop(locked.query(S::SLOW_QUERY, &[])).await;
    drop(locked);
    expect_unlocked::<S>(connection).await;
}

/// Eight tasks, half of them writing and half reading. What was acknowledged is there, once.
pub async fn writers_and_readers_lose_nothing<S: Subject>() {
    const TASKS: i64 = 4;
    const WRITES: i64 = 50;
    let (subject, mut connection) = furnished::<S>().await;
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let mut writer = connect(&subject).await;
        let mut reader = connect(&subject).await;
        tasks.push(tokio::spawn(async move {
            for write in 0..WRITES {
                let number = task * WRITES + write;
                if number % 3 == 0 {
                    insert(&mut writer, number).await.expect("stores");
                    continue;
                }
                writer.begin(TransactionOptions::default()).await.expect("begins");
                insert(&mut writer, number).await.expect("stores");
                if number % 3 == 1 {
                    writer.commit().await.expect("commits");
                } else {
                    writer.rollback().await.expect("rolls back");
                }
            }
        }));
        tasks.push(tokio::spawn(async move {
            let mut seen = 0;
            for _ in 0..WRITES {
                let rows = reader.read("SELECT count(*) AS n FROM numbers", &[]).await.expect("reads");
                let count = get::<i64>(&rows[0], "n");
                assert!(count >= seen, "what was committed does not go away");
                seen = count;
            }
        }));
    }
    for task in tasks {
        task.await.expect("does not panic");
    }
    let expected: Vec<i64> = (0..TASKS * WRITES).filter(|number| number % 3 != 2).collect();
    assert_eq!(numbers(&mut connection).await, expected);
}
