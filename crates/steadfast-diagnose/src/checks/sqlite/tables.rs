//! Which tables there are, and whether the ones that are wanted are among them.

use rusqlite::Connection;

use super::connect::{blocking, failed, path, read_only};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::shown::shown;
use crate::story;
use crate::words::many;

/// Looks at the tables of a SQLite file.
pub(crate) async fn look(context: &Context) -> Outcome {
    let Some(path) = path(context).filter(|path| path.exists()) else { return Outcome::new("no tables yet") };
    let found = match blocking(move || read_only(&path).and_then(|connection| names(&connection))).await {
        Some(Ok(found)) => found,
        Some(Err(error)) => return failed(&error, context),
        None => return Outcome::skipped("the file could not be read"),
    };
    let mut outcome = Outcome::new(many(found.len(), "table", "tables"));
    for name in found.iter().take(20) {
        outcome.add("table", context.shown(name));
    }
    let is_missing = |name: &&String| !found.iter().any(|known| known.eq_ignore_ascii_case(name));
    let missing: Vec<&String> = context.options.tables.iter().filter(is_missing).collect();
    if !missing.is_empty() {
        outcome.summary = shown!(many(missing.len(), "table is", "tables are"), " missing");
    }
    outcome.problems.extend(missing.into_iter().map(|name| {
        let cause = shown!("there is no table ", context.shown(name), " in this file");
        Problem::failure(cause, "run the migrations against this file, or correct its path: SQLite makes a new one where there is none").explained(story::NO_TABLE)
    }));
    outcome
}

/// The tables of the application.
pub(super) fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}
