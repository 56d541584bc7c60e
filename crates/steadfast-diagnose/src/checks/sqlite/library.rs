//! Whether the file is a sound database, and in which mode it is.

use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use super::connect::{blocking, failed, path, read_only};
use crate::check::{Applies, Check, Running};
use crate::context::Context;
use crate::finding::{Figure, Outcome, Problem};
use crate::layer::Layer;
use crate::shown::shown;
use crate::story;

/// Whether the file is a sound database.
#[derive(Debug)]
pub(crate) struct Library;

impl Check for Library {
    fn id(&self) -> &'static str {
        "sqlite"
    }

    fn layer(&self) -> Layer {
        Layer::Server
    }

    fn about(&self) -> &'static str {
        "SQLite: version, journal mode, a quick check of the file's integrity"
    }

    fn applies(&self) -> Applies {
        Applies::Sqlite
    }

    fn needs(&self) -> &'static [&'static str] {
        &["url", "file"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// What was read.
struct Seen {
    mode: String,
    pages: u64,
    page_bytes: u64,
    free_pages: u64,
    /// What is wrong; empty when nothing is; `None` when there was no time to look at all of it.
    damage: Option<Vec<String>>,
}

/// A large file is read for so long and no longer.
const QUICK: Duration = Duration::from_secs(1);

async fn look(context: &Context) -> Outcome {
    let version = context.shown(rusqlite::version());
    let Some(path) = path(context).filter(|path| path.exists()) else {
        return Outcome::new(shown!("SQLite ", version));
    };
    let seen = match blocking(move || read_only(&path).and_then(|connection| read(&connection))).await {
        Some(Ok(seen)) => seen,
        Some(Err(error)) => return failed(&error, context),
        None => return Outcome::skipped("the file could not be read"),
    };
    let mode = context.shown(&seen.mode);
    let mut outcome = Outcome::new(shown!("SQLite ", version.clone(), ", journal mode ", mode.clone()))
        .with("version", version)
        .with("journal mode", mode)
        .with("size", Figure::Bytes(seen.pages.saturating_mul(seen.page_bytes)))
        .with("unused pages", seen.free_pages);
    match &seen.damage {
        None => outcome.add("quick check", "not finished within a second, no damage until then"),
        Some(damage) if damage.is_empty() => outcome.add("quick check", "ok"),
        Some(damage) => {
            outcome.add("quick check", damage.len());
            let first = damage.first().map(String::as_str).unwrap_or_default();
            let cause = shown!("the file is damaged: ", context.shown(first));
            let remedy = "stop writing, copy it with its -wal and -shm files, then try `sqlite3 FILE .recover`, or restore a backup";
            outcome.summary = "the file is damaged".into();
            outcome.problems.push(Problem::failure(cause, remedy).explained(story::SQLITE_CORRUPT));
        }
    }
    outcome
}

fn read(connection: &Connection) -> rusqlite::Result<Seen> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let count = |name: &str| number(name).map(|value| u64::try_from(value).unwrap_or(0));
    Ok(Seen {
        mode: connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?,
        pages: count("page_count")?,
        page_bytes: count("page_size")?,
        free_pages: count("freelist_count")?,
        damage: quick_check(connection)?,
    })
}

fn quick_check(connection: &Connection) -> rusqlite::Result<Option<Vec<String>>> {
    let ends = SystemTime::now() + QUICK;
    connection.progress_handler(10_000, Some(move || SystemTime::now() > ends))?;
    let mut statement = connection.prepare("PRAGMA quick_check(3)")?;
    let lines: rusqlite::Result<Vec<String>> = statement.query_map([], |row| row.get(0))?.collect();
    match lines {
        Ok(lines) => Ok(Some(lines.into_iter().filter(|line| line != "ok").collect())),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
