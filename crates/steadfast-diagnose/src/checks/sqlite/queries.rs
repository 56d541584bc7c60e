//! How fast the tables are read, at a cost that is bounded.

use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use steadfast::time::Instant;

use super::connect::{blocking, failed, path, read_only};
use super::tables::names;
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::shown::shown;
use crate::story;
use crate::words::many;

/// How many tables are read when none are named.
const MOST: usize = 5;
/// What one read may take.
const LIMIT: Duration = Duration::from_secs(2);

/// Reads a hundred rows of each table.
pub(crate) async fn look(context: &Context) -> Outcome {
    let Some(path) = path(context).filter(|path| path.exists()) else {
        return Outcome::new("no tables to read");
    };
    let wanted = context.options.tables.clone();
    let read = blocking(move || read_only(&path).and_then(|connection| read_all(&connection, &wanted))).await;
    let read = match read {
        Some(Ok(read)) => read,
        Some(Err(error)) => return failed(&error, context),
        None => return Outcome::skipped("the file could not be read"),
    };
    let slowest = read.iter().map(|(_, took)| *took).max().unwrap_or_default();
    let mut outcome = Outcome::new(if read.is_empty() {
        "no tables to read".into()
    } else {
        shown!("100 rows of each of ", many(read.len(), "table", "tables"), " in ", slowest, " at most")
    });
    for (name, took) in &read {
        let name = context.shown(name);
        outcome.add(shown!("100 rows of ", name.clone()), *took);
        if *took > context.options.slow_query {
            let cause = shown!("reading 100 rows of ", name, " took ", *took);
            let remedy = "look at EXPLAIN QUERY PLAN of it, and at the disk that the file is on";
            outcome.problems.push(Problem::warning(cause, remedy).explained(story::SLOW));
        }
    }
    outcome
}

fn read_all(connection: &Connection, wanted: &[String]) -> rusqlite::Result<Vec<(String, Duration)>> {
    let all = names(connection)?;
    let is_wanted =
        |name: &String| wanted.is_empty() || wanted.iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut read = Vec::new();
    for name in all.into_iter().filter(is_wanted).take(MOST.max(wanted.len())) {
        let ends = SystemTime::now() + LIMIT;
        connection.progress_handler(1000, Some(move || SystemTime::now() > ends))?;
        let sql = format!("SELECT count(*) FROM (SELECT * FROM \"{}\" LIMIT 100)", name.replace('"', "\"\""));
        let started = Instant::now();
        match connection.query_row(&sql, [], |row| row.get::<_, i64>(0)) {
            Ok(_) => {}
            // It took its time, which is all that is asked.
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {}
            Err(error) => return Err(error),
        }
        read.push((name, started.elapsed()));
    }
    Ok(read)
}
