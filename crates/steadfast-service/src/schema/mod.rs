//! The schema: set up once, however many workers start at the same moment.
//!
//! Versions are steps that were applied in order; the table `steadfast_schema` remembers which. Everything
//! happens in one transaction behind one lock (an advisory lock on PostgreSQL, the write lock on SQLite), so
//! it is there as a whole or not at all, and whoever comes second finds it done.

mod error;
mod steps;

pub use error::SchemaError;

use steadfast::database::BackendKind;
use steadfast::sql::{Guard, TransactionOptions};
use steadfast::time::Instant;
use steadfast::transaction::Transaction;
use steadfast::{Database, Error, params};

use self::steps::{COLUMNS, Dialect};
use crate::seal;

/// Makes the schema what this version of the service needs. Does nothing when it is already, not even
/// asking for the right to: a role without CREATE, or a standby, is good enough then.
///
/// # Errors
/// [`SchemaError::Database`] when the database cannot be reached in time or refuses;
/// [`SchemaError::ForeignTable`] when there is another table `users`.
///
/// # Cancel safety
/// Safe: a dropped call leaves the schema as it was, or complete.
pub async fn ensure_schema(database: &Database, deadline: Instant) -> Result<(), SchemaError> {
    let dialect = dialect(database)?;
    let known = i64::try_from(dialect.steps.len()).unwrap_or(i64::MAX);
    let found = database.read(Some(deadline), |tx| version(tx, dialect)).await?;
    if found < known {
        let before = database
            .transaction(TransactionOptions::default(), Some(deadline), |tx| migrate(tx, dialect))
            .await?;
        if before < known {
            tracing::info!(from = before, to = known, "the schema was set up");
        }
    } else if found > known {
        tracing::warn!(found, known, "the schema was made by a newer version; using it as it is");
    }
    Ok(())
}

/// Makes what transactions with this guard need: the table `steadfast_outcome`, for [`Guard::Marker`]. Does not ask for
/// the right to when it is there.
///
/// # Errors
/// As [`ensure_schema`].
///
/// # Cancel safety
/// Safe.
pub async fn ensure_guard(database: &Database, guard: Guard, deadline: Instant) -> Result<(), SchemaError> {
    if guard != Guard::Marker
        || !database.query(dialect(database)?.outcome_table, &[], Some(deadline)).await?.is_empty()
    {
        return Ok(());
    }
    Ok(database.prepare_outcomes(Some(deadline)).await?)
}

fn dialect(database: &Database) -> Result<&'static Dialect, SchemaError> {
    match database.backend() {
        BackendKind::Postgres => Ok(&steps::POSTGRES),
        BackendKind::Sqlite => Ok(&steps::SQLITE),
        _ => Err(SchemaError::UnknownBackend),
    }
}

/// The highest version that was applied; 0 on a new database.
async fn version(tx: Transaction, dialect: &Dialect) -> Result<i64, Error> {
    if tx.query(dialect.version_table, &[]).await?.is_empty() {
        return Ok(0);
    }
    tx.query_one("SELECT coalesce(max(version), 0) AS version FROM steadfast_schema", &[])
        .await?
        .get("version")
}

/// Applies what is missing, and says what was there before.
async fn migrate(tx: Transaction, dialect: &Dialect) -> Result<i64, SchemaError> {
    if let Some(lock) = dialect.lock {
        tx.query(lock, &[]).await?;
    }
    tx.batch(dialect.create_version_table).await?;
    let before = version(tx.clone(), dialect).await?;
    for (number, step) in (1_i64..).zip(dialect.steps).filter(|(number, _)| *number > before) {
        if let Some(table) = step.table
            && adopt(&tx, dialect, table).await?
        {
            tracing::info!(table, "the table is there already and has all columns; using it as it is");
        } else {
            tx.batch(step.sql).await?;
        }
        if let Some(name) = step.secret {
            let key = seal::new_key().ok_or(SchemaError::NoRandomness)?;
            tx.execute(STORE_SECRET, &params![name, key]).await?;
        }
        tx.execute("INSERT INTO steadfast_schema (version) VALUES ($1)", &params![number]).await?;
    }
    Ok(before)
}

const STORE_SECRET: &str =
    "INSERT INTO steadfast_secret (name, secret) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";

/// Whether the table is there already, made by somebody else, and can be used.
async fn adopt(tx: &Transaction, dialect: &Dialect, table: &'static str) -> Result<bool, SchemaError> {
    let rows = tx.query(dialect.columns_of, &params![table]).await?;
    let found = rows.iter().map(|row| row.get::<String>("name")).collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() {
        return Ok(false);
    }
    let missing: Vec<_> =
        COLUMNS.into_iter().filter(|column| !found.iter().any(|name| name == column)).collect();
    if missing.is_empty() { Ok(true) } else { Err(SchemaError::ForeignTable { table, missing }) }
}
