//! The table `steadfast_outcome`: a row for each committed transaction that was run with
//! [`Guard::Marker`](crate::sql::Guard::Marker).
//!
//! The transaction stores a token of its own together with its COMMIT. Whoever wants to know later stores the same
//! token as *fenced*. If that works, the transaction has not committed, and never can, for it would have to store the
//! token too. If the token is there, it has. The table is as durable as the data, so that no crash or failover can part
//! the two.
//!
//! Tokens are UUIDs of version 7, so that they sort by the time they were made at. Old rows are removed up to a
//! horizon, and the horizon is kept as a row: a token before it that is not there is too old to be told.

use uuid::Uuid;

use crate::error::Fault;
use crate::outcome::{Doubt, MarkerTicket, Outcome};
use crate::sql::{Guard, Isolation, SqlConnection, TransactionOptions, Value};
use crate::verdict::{Class, Step};

/// The table's name, found by the search path.
pub(crate) const TABLE: &str = "steadfast_outcome";

/// What differs between the databases.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Makes the table. `fenced` is null in the row of the horizon.
    pub(crate) create: &'static str,
    /// Taken before that.
    pub(crate) lock: Option<&'static str>,
    /// Run in a transaction before it asks for an outcome.
    carefully: Option<&'static str>,
}

#[cfg(feature = "postgres")]
pub(crate) static POSTGRES: Dialect = Dialect {
    create: "CREATE TABLE IF NOT EXISTS steadfast_outcome (\
        token uuid PRIMARY KEY, fenced boolean DEFAULT false, at timestamptz NOT NULL DEFAULT now())",
    // CREATE TABLE IF NOT EXISTS fails when two run it at once. The number has no meaning but to be the same for all.
    lock: Some("SELECT pg_catalog.pg_advisory_xact_lock(7234115846112985714)"),
    // What is told must be as durable as can be, and a transaction that is still at it is not waited for without end.
    carefully: Some("SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '500ms'"),
};

#[cfg(feature = "sqlite")]
pub(crate) static SQLITE: Dialect = Dialect {
    create: "CREATE TABLE IF NOT EXISTS steadfast_outcome (\
        token text PRIMARY KEY, fenced integer DEFAULT false, \
        at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))) WITHOUT ROWID",
    lock: None,
    carefully: None,
};

/// Inserts the token as fenced, or finds it as it is. Writes in any case, so that its own COMMIT waits for the disk and
/// for all that was committed before it.
const SETTLE: &str = "INSERT INTO steadfast_outcome (token, fenced) VALUES ($1, true) \
    ON CONFLICT (token) DO UPDATE SET fenced = steadfast_outcome.fenced RETURNING fenced";

const HORIZON: &str = "SELECT 1 AS found FROM steadfast_outcome WHERE token > $1 AND fenced IS NULL LIMIT 1";

/// Stores the token of a transaction.
pub(crate) fn insert_statement(ticket: MarkerTicket) -> String {
    format!("INSERT INTO steadfast_outcome (token) VALUES ('{}')", ticket.token)
}

/// What was found out, and whether the transaction had to be ended for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) outcome: Outcome,
    pub(crate) ended: bool,
}

/// Finds out what became of a transaction, and makes it final.
///
/// # Errors
/// The connection was lost, or the table is not there. Asking again is safe.
pub(crate) async fn settle<C: SqlConnection>(
    connection: &mut C,
    ticket: MarkerTicket,
    dialect: &Dialect,
) -> Result<Settled, Fault> {
    let outcome = match ask(connection, ticket, dialect).await {
        Ok(outcome) => outcome,
        // The lock of the transaction's own row: it is about to end.
        Err(fault) if fault.code() == Some("55P03") => {
            connection.rollback().await?;
            Outcome::Unknown(Doubt::StillRunning)
        }
        Err(fault) => return Err(if fault.code() == Some("42P01") { no_table(fault) } else { fault }),
    };
    Ok(Settled { outcome, ended: false })
}

async fn ask<C: SqlConnection>(
    connection: &mut C,
    ticket: MarkerTicket,
    dialect: &Dialect,
) -> Result<Outcome, Fault> {
    // What others have committed meanwhile must be seen.
    let options = TransactionOptions::read_write().guard(Guard::Off).isolation(Isolation::ReadCommitted);
    let token = [Value::Uuid(ticket.token)];
    connection.begin(options).await?;
    if let Some(carefully) = dialect.carefully {
        connection.batch(carefully).await?;
    }
    let fenced = connection.query(SETTLE, &token).await?;
    let fenced = fenced.first().and_then(|row| row.at::<bool>(0).ok()).unwrap_or(true);
    if fenced && !connection.query(HORIZON, &token).await?.is_empty() {
        connection.rollback().await?;
        return Ok(Outcome::Unknown(Doubt::TooOld));
    }
    connection.commit().await?;
    Ok(if fenced { Outcome::NotCommitted } else { Outcome::Committed { durable: true } })
}

/// Removes the rows of tokens made before the horizon, and gives how many there were.
///
/// # Errors
/// The fault; nothing was removed then.
pub(crate) async fn prune<C: SqlConnection>(connection: &mut C, horizon: Uuid) -> Result<u64, Fault> {
    connection.begin(TransactionOptions::read_write().guard(Guard::Off)).await?;
    let params = [Value::Uuid(horizon)];
    let keep =
        "INSERT INTO steadfast_outcome (token, fenced) VALUES ($1, NULL) ON CONFLICT (token) DO NOTHING";
    connection.execute(keep, &params).await?;
    let removed = connection.execute("DELETE FROM steadfast_outcome WHERE token < $1", &params).await?;
    connection.commit().await?;
    Ok(removed)
}

/// The least token of a moment, in milliseconds since 1970 (RFC 9562, 5.7).
pub(crate) fn horizon(milliseconds: u64) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &[0; 10]).into_uuid()
}

/// The table is not there, or not to be written to.
pub(crate) fn no_table(fault: Fault) -> Fault {
    fault.with_remedy(
        "transactions are guarded by the table steadfast_outcome: create it with Database::prepare_outcomes, and let \
         the role insert into and select from it",
    )
}

/// Somebody has asked for the outcome before COMMIT arrived, and was told that there is none.
pub(crate) fn fenced() -> Fault {
    Fault::new(
        Class::RolledBack,
        Step::Commit,
        "the transaction was given up and fenced before its COMMIT arrived",
    )
    .with_remedy("nothing was stored: run it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_horizon_sorts_before_every_token_of_its_moment() {
        let millis = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap();
        let (before, after) = (horizon(millis), horizon(millis + 60_000));
        let token = Uuid::now_v7();
        assert!(before <= token && token < after);
        assert_eq!(before.get_version_num(), 7);
    }
}
