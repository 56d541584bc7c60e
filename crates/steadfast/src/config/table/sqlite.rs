//! Options of SQLite.

use crate::config::draft::Draft;
use crate::config::options::SqliteLocation;
use crate::config::table::{Applies, BLANK, Row};
use crate::config::value::{self, Parsed, Unit};

const SQLITE: Row = Row { applies: Applies::Sqlite, ..BLANK };

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "sqlite.path",
        environment: "STEADFAST_SQLITE_PATH",
        part: Some("path"),
        accepted: "the path of a file, or :memory:",
        reason: "development needs no configuration: a file in the working directory, made when it is not \
                 there",
        set: |draft, text| location(text).map(|location| draft.sqlite.location = location),
        text: |draft| Some(show_location(draft)),
        ..SQLITE
    },
    Row {
        name: "sqlite.busy_timeout",
        environment: "STEADFAST_SQLITE_BUSY_TIMEOUT",
        parameter: Some("busy_timeout"),
        unit: "seconds",
        accepted: "a duration such as 250ms, 5s; 0 does not wait",
        reason: "another process (a shell, a back-up) may hold the lock; SQLite alone does not wait at all",
        set: |draft, text| value::duration(text, Unit::Seconds).map(|time| draft.sqlite.busy_timeout = time),
        text: |draft| Some(value::show_duration(draft.sqlite.busy_timeout)),
        ..SQLITE
    },
];

/// SQLite's own word for a database in memory.
pub(super) const MEMORY: &str = ":memory:";

fn location(text: &str) -> Parsed<SqliteLocation> {
    let text = value::line(text)?;
    match text.as_str() {
        MEMORY => Ok(SqliteLocation::Memory),
        _ if text.starts_with("~/") => {
            Err("~ is expanded by a shell only, and no shell has seen this value".to_owned())
        }
        _ => Ok(SqliteLocation::File(text.into())),
    }
}

fn show_location(draft: &Draft) -> String {
    match &draft.sqlite.location {
        SqliteLocation::Memory => MEMORY.to_owned(),
        SqliteLocation::File(path) => path.display().to_string(),
    }
}
