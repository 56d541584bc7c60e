//! Asking a PostgreSQL server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steadfast::Fault;
use steadfast::postgres::PostgresConnection;
use steadfast::postgres::tokio_postgres::{Error, SimpleQueryMessage};
use steadfast::time::timeout;
use steadfast::verdict::{Class, Step};

/// A session that only reads.
///
/// Each question is one packet in the simple protocol: a read-only transaction with a time limit that ends with the
/// question. Nothing is prepared and nothing is set for longer, so that behind a transaction pooler nobody else
/// notices.
#[derive(Debug)]
pub(crate) struct Session {
    connection: PostgresConnection,
    /// An answer did not come; what comes later would be taken for the answer to something else.
    silent: AtomicBool,
}

/// A row of an answer, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row(Vec<Option<String>>);

/// How long the server works on one question.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// How much longer the answer may take to come.
const GRACE: Duration = Duration::from_secs(2);

impl Session {
    pub(crate) fn new(connection: PostgresConnection) -> Self {
        Self { connection, silent: AtomicBool::new(false) }
    }

    /// Whether nothing can be asked any more.
    pub(crate) fn is_lost(&self) -> bool {
        self.silent.load(Ordering::Acquire) || self.connection.client().is_closed()
    }

    pub(crate) fn connection(&self) -> &PostgresConnection {
        &self.connection
    }

    /// The rows of the last statement in `sql`.
    pub(crate) async fn rows(&self, sql: &str) -> Result<Vec<Row>, Fault> {
        self.rows_within(sql, PATIENCE).await
    }

    /// As [`rows`](Self::rows), with another limit.
    pub(crate) async fn rows_within(&self, sql: &str, patience: Duration) -> Result<Vec<Row>, Fault> {
        let millis = patience.as_millis();
        let question = format!(
            "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = {millis}; SET LOCAL lock_timeout = {}; {sql}",
            // Whoever waits for a lock is to be told so, not that time is up.
            millis / 2
        );
        let answer = timeout(patience + GRACE, self.connection.client().simple_query(&question)).await;
        match answer {
            Ok(Ok(messages)) => Ok(rows(messages)),
            Ok(Err(error)) => Err(fault(&error)),
            Err(_) => Err(self.no_answer()),
        }
    }

    fn no_answer(&self) -> Fault {
        self.silent.store(true, Ordering::Release);
        Fault::new(Class::ConnectionLost, Step::Statement, "the server does not answer any more")
            .with_remedy("the path went silent, or the server is overloaded: look at both")
    }

    /// One round trip and nothing else.
    pub(crate) async fn ping(&self) -> Result<(), Fault> {
        match timeout(PATIENCE, self.connection.client().simple_query("SELECT 1")).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(fault(&error)),
            Err(_) => Err(self.no_answer()),
        }
    }

    /// The only row.
    pub(crate) async fn row(&self, sql: &str) -> Result<Row, Fault> {
        let rows = self.rows(sql).await?;
        rows.into_iter().next().ok_or_else(|| {
            Fault::new(
                Class::Statement,
                Step::Statement,
                "the server gave an empty answer to a question about itself",
            )
        })
    }
}

impl Row {
    /// The text of a column; empty for NULL, and for one that is not there.
    pub(crate) fn text(&self, index: usize) -> &str {
        self.0.get(index).and_then(Option::as_deref).unwrap_or_default()
    }

    pub(crate) fn is_null(&self, index: usize) -> bool {
        self.0.get(index).is_none_or(Option::is_none)
    }

    /// A whole number; 0 when it is none.
    pub(crate) fn count(&self, index: usize) -> u64 {
        self.number(index).max(0.0) as u64
    }

    pub(crate) fn number(&self, index: usize) -> f64 {
        self.text(index).parse().unwrap_or(0.0)
    }

    pub(crate) fn is_true(&self, index: usize) -> bool {
        self.text(index) == "t"
    }

    /// A number of seconds.
    pub(crate) fn seconds(&self, index: usize) -> Duration {
        Duration::try_from_secs_f64(self.number(index)).unwrap_or_default()
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "tags and descriptions are not asked for")]
fn rows(messages: Vec<SimpleQueryMessage>) -> Vec<Row> {
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => {
            Some(Row((0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect()))
        }
        _ => None,
    };
    messages.into_iter().filter_map(row).collect()
}

/// The fault of a question that failed.
pub(crate) fn fault(error: &Error) -> Fault {
    match error.as_db_error() {
        Some(said) => {
            Fault::new(Class::Statement, Step::Statement, said.message()).with_code(said.code().code())
        }
        None if error.is_closed() => Fault::new(
            Class::ConnectionLost,
            Step::Statement,
            "the connection was closed in the middle of the diagnosis",
        ),
        None => Fault::new(
            Class::ConnectionLost,
            Step::Statement,
            "the connection broke in the middle of the diagnosis",
        ),
    }
}

/// Whether a statement that was prepared in one transaction is unknown in a later one.
///
/// A pooler has to give `one` another of the server's connections for that. So `other` holds a transaction open, and the
/// statement is run beside it and right behind it: whichever of two connections the pooler likes better, `one` gets both.
pub(crate) async fn forgets(one: &PostgresConnection, other: &PostgresConnection) -> bool {
    let (one, other) = (one.client(), other.client());
    let ask = async {
        let statement = one.prepare("SELECT 1").await?;
        for _ in 0..TURNS {
            other.batch_execute("BEGIN; SELECT 1").await?;
            let beside = one.query_one(&statement, &[]).await;
            other.batch_execute("ROLLBACK").await?;
            let _row = beside?;
            let _row = one.query_one(&statement, &[]).await?;
        }
        Ok::<_, Error>(())
    };
    let unknown = |error: &Error| error.code().is_some_and(|code| matches!(code.code(), "26000" | "42P05"));
    matches!(timeout(PATIENCE + GRACE, ask).await, Ok(Err(error)) if unknown(&error))
}

/// A pooler that is busy with others may hand out the same connection once.
const TURNS: usize = 3;

/// A text as an SQL literal.
pub(crate) fn literal(text: &str) -> String {
    // E'' means the same whatever standard_conforming_strings is.
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_literal_is_closed_by_nothing_inside_it() {
        assert_eq!(literal(r"a'b\'; DROP"), r"E'a''b\\''; DROP'");
    }
}
