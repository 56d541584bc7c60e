//! What every connector must do that speaks SQL, one function a rule.
//!
//! A test binary names a [`Subject`] and calls [`conformance!`], which makes a test of every rule. The
//! statements are those that both databases understand.
#![expect(clippy::disallowed_methods, reason = "the panic of a task must reach its test")]

mod cancellation;
mod statements;
mod transactions;
mod values;

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

pub(crate) use cancellation::*;
pub(crate) use statements::*;
pub(crate) use transactions::*;
pub(crate) use values::*;

/// Nothing here takes longer, except when it is broken.
const BOUND: Duration = Duration::from_secs(10);

/// A database that nobody else uses, and a connector to it.
pub(crate) trait Subject: Sized + Send + Sync + 'static {
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
            a_batch_of_several_statements_controls_no_transaction,
            commit_without_a_transaction_does_nothing,
            begin_and_read_inside_a_transaction_are_refused_without_harm,
            transaction_control_inside_a_transaction_is_refused_and_fails_it,
            what_only_looks_like_transaction_control_runs,
            a_statement_that_fails_on_this_side_fails_its_transaction_too,
            a_dropped_statement_makes_the_connection_dirty_and_clean_ends_it,
            nothing_of_a_dropped_write_is_applied,
            a_dropped_statement_fails_its_transaction,
            a_connection_may_be_used_on_after_a_dropped_statement,
            a_transaction_with_a_dropped_statement_takes_no_other,
            a_dropped_commit_is_waited_for,
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
pub(crate) async fn bounded(rule: impl Future<Output = ()>) {
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

fn get<T: FromValue>(row: &Row, column: &str) -> T {
    row.get(column).expect("is of its type")
}
