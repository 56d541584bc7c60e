//! The table of keys, the same statements on PostgreSQL and on SQLite.

use jiff::Timestamp;
use steadfast::database::BackendKind;
use steadfast::sql::{Isolation, Row, TransactionOptions};
use steadfast::time::{Duration, Instant};
use steadfast::transaction::Transaction;
use steadfast::{Database, Error, params};

use super::answer::Answer;
use super::fingerprint::Fingerprint;
use super::key::Key;

/// A change that its client has given a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) key: Key,
    pub(crate) fingerprint: Fingerprint,
}

/// Whose work it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nobody has done it: this transaction is the first, and everybody else waits for its end.
    Mine,
    /// It is done, and this was the answer.
    Answered(Answer),
    /// The key was used for another request.
    Reused,
}

/// Claims a key. Waits for a transaction that holds it, inside the database, where a crash of its worker ends the wait. A
/// key that has expired and was not removed yet is free.
pub(crate) async fn claim(tx: &Transaction, request: &Request, ttl: Duration) -> Result<Claim, Error> {
    let (key, now) = (request.key.as_str(), Timestamp::now());
    let until = now.saturating_add(ttl).unwrap_or(Timestamp::MAX);
    let claimed = tx.query(CLAIM, &params![key, request.fingerprint.0.clone(), now, until]).await?;
    if !claimed.is_empty() {
        return Ok(Claim::Mine);
    }
    let row = tx.query_one(SELECT, &params![key]).await?;
    if row.get::<Vec<u8>>("fingerprint")? != request.fingerprint.0 {
        return Ok(Claim::Reused);
    }
    answer_of(&row).map(Claim::Answered)
}

/// Keeps the answer to a key that this transaction has claimed.
pub(crate) async fn keep(tx: &Transaction, request: &Request, answer: &Answer) -> Result<(), Error> {
    let (status, location, body) =
        (i64::from(answer.status), answer.location.as_deref(), answer.body.as_deref());
    tx.execute(KEEP, &params![request.key.as_str(), status, location, body]).await.map(drop)
}

/// Removes at most so many keys that expired before this moment. Gives how many there were; `None` when another worker
/// is at it.
///
/// # Cancel safety
/// They are removed, or not.
pub(crate) async fn prune(
    database: &Database,
    before: Timestamp,
    at_most: u32,
    deadline: Instant,
) -> Result<Option<u64>, Error> {
    let lock = (database.backend() == BackendKind::Postgres).then_some(TRY_LOCK);
    let options = TransactionOptions::read_write().isolation(Isolation::ReadCommitted);
    let work = move |tx: Transaction| async move {
        if let Some(lock) = lock
            && !tx.query_one(lock, &[]).await?.at::<bool>(0)?
        {
            return Ok::<_, Error>(None);
        }
        tx.execute(PRUNE, &params![before, i64::from(at_most)]).await.map(Some)
    };
    database.transaction(options, Some(deadline), work).await
}

fn answer_of(row: &Row) -> Result<Answer, Error> {
    let status: i32 = row.get("status")?;
    Ok(Answer {
        status: u16::try_from(status).unwrap_or(500),
        location: row.get("location")?,
        body: row.get("body")?,
    })
}

/// Gives a row when the key was free. A key that is taken by a transaction in progress is waited for.
const CLAIM: &str = "INSERT INTO steadfast_idempotency (key, fingerprint, created_at, expires_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, \
    created_at = excluded.created_at, expires_at = excluded.expires_at, status = NULL, location = NULL, body = NULL \
    WHERE steadfast_idempotency.expires_at <= excluded.created_at RETURNING 1 AS claimed";

const SELECT: &str = "SELECT fingerprint, status, location, body FROM steadfast_idempotency WHERE key = $1";

const KEEP: &str = "UPDATE steadfast_idempotency SET status = $2, location = $3, body = $4 WHERE key = $1";

/// The age is asked for twice: a key that is claimed anew just now must not be removed with its old age in mind.
const PRUNE: &str = "DELETE FROM steadfast_idempotency WHERE expires_at <= $1 AND key IN \
    (SELECT key FROM steadfast_idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

/// The number has no meaning but to be the same in every version of this service.
const TRY_LOCK: &str = "SELECT pg_catalog.pg_try_advisory_xact_lock(7234115846112985715) AS mine";
