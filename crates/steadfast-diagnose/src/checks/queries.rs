//! How fast the tables are read, at a cost that is bounded.

use std::time::Duration;

use steadfast::Fault;
use steadfast::time::Instant;

use super::tables::{Table, find};
use crate::check::{Applies, Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::session::Session;
use crate::shown::shown;
use crate::story;
use crate::words::{many, problem_of, unanswered};

/// How fast the tables are read.
#[derive(Debug)]
pub(crate) struct Queries;

impl Check for Queries {
    fn id(&self) -> &'static str {
        "queries"
    }

    fn layer(&self) -> Layer {
        Layer::Schema
    }

    fn about(&self) -> &'static str {
        "a hundred rows of each table, after EXPLAIN, with a time limit; statements that run for long"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication", "sqlite"]
    }

    fn applies(&self) -> Applies {
        Applies::Both
    }

    fn deadline(&self, _context: &Context) -> Duration {
        Duration::from_secs(20)
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// What one read may cost the server.
const LIMIT: Duration = Duration::from_secs(2);
/// A plan that the server itself takes for so dear is not run.
const DEAREST: f64 = 1e7;
/// Others' statements that run for so long.
const LONG: &str = "SELECT count(*), coalesce(max(extract(epoch FROM clock_timestamp() - query_start)), 0), \
    count(*) FILTER (WHERE wait_event_type = 'Lock') \
    FROM pg_catalog.pg_stat_activity WHERE state = 'active' AND pid <> pg_catalog.pg_backend_pid() \
    AND (backend_type IS NULL OR backend_type = 'client backend') \
    AND query_start < clock_timestamp() - interval '60 seconds'";

async fn look(context: &Context) -> Outcome {
    if context.sqlite().is_some() {
        return super::sqlite::queries::look(context).await;
    }
    let opened = match context.opened().await {
        Ok(opened) => opened,
        Err(fault) => return unanswered(&fault, context),
    };
    let session = &opened.session;
    let tables = match find(session, context).await {
        Ok((tables, _)) => tables,
        Err(fault) => return unanswered(&fault, context),
    };
    let mut outcome = Outcome::new("");
    let mut slowest = Duration::ZERO;
    for table in &tables {
        let name = context.shown(&table.name);
        match read(session, table).await {
            Ok(Read::Took(took)) => {
                slowest = slowest.max(took);
                outcome.add(shown!("100 rows of ", name.clone()), took);
                if took > context.options.slow_query {
                    let cause = shown!("reading 100 rows of ", name, " took ", took);
                    outcome.problems.push(Problem::warning(cause, SLOW_REMEDY).explained(story::SLOW));
                }
            }
            Ok(Read::TooDear) => {
                outcome.add(shown!("100 rows of ", name), "not run: the server expects it to be very dear");
            }
            Err(fault) if fault.code() == Some("57014") => {
                let cause = shown!("reading 100 rows of ", name, " did not finish within ", LIMIT);
                outcome.problems.push(Problem::warning(cause, SLOW_REMEDY).explained(story::SLOW));
            }
            Err(fault) if fault.code() == Some("55P03") => {
                let cause = shown!(name, " is locked by somebody else: a read waited and gave up");
                let remedy = "somebody holds ACCESS EXCLUSIVE (a migration, VACUUM FULL, a forgotten session): SELECT pid, pg_blocking_pids(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
                outcome.problems.push(Problem::failure(cause, remedy).explained(story::LOCKED));
            }
            // What may not be read is the finding of the check before.
            Err(fault) if fault.code() == Some("42501") => {
                outcome.add(shown!("100 rows of ", name), "not permitted")
            }
            Err(fault) => outcome.problems.push(problem_of(&fault, context)),
        }
    }
    if let Ok(row) = session.row(LONG).await
        && row.count(0) > 0
    {
        outcome.add("statements running for over a minute", row.count(0));
        outcome.add("the longest for", row.seconds(1));
        outcome.add("of these waiting for a lock", row.count(2));
    }
    outcome.summary = if tables.is_empty() {
        "no tables to read".into()
    } else if outcome.problems.is_empty() {
        shown!("100 rows of each of ", many(tables.len(), "table", "tables"), " in ", slowest, " at most")
    } else {
        "reading is slow or fails".into()
    };
    outcome
}

const SLOW_REMEDY: &str = "look at EXPLAIN (ANALYZE, BUFFERS) of it, at the server's disk and processor, and at long transactions that keep vacuum from cleaning up";

enum Read {
    Took(Duration),
    TooDear,
}

async fn read(session: &Session, table: &Table) -> Result<Read, Fault> {
    let select = format!("SELECT * FROM {} LIMIT 100", table.name);
    let plan = session.row(&format!("EXPLAIN {select}")).await?;
    if cost(plan.text(0)) > DEAREST {
        return Ok(Read::TooDear);
    }
    let started = Instant::now();
    // Counted there: what is in the rows is nobody's business, and big ones would measure the path.
    session
        .rows_within(&format!("SELECT count(*), max(pg_catalog.pg_column_size(r)) FROM ({select}) r"), LIMIT)
        .await?;
    Ok(Read::Took(started.elapsed()))
}

/// The upper cost of `Limit  (cost=0.00..4.12 rows=100 width=36)`.
fn cost(line: &str) -> f64 {
    let after = line.split_once("cost=").and_then(|(_, rest)| rest.split_once(".."));
    after.and_then(|(_, rest)| rest.split(' ').next()?.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_cost_is_read_from_a_plan() {
        assert!((super::cost("Limit  (cost=0.00..4.12 rows=100 width=36)") - 4.12).abs() < 1e-9);
        assert!(super::cost("Result").abs() < 1e-9);
    }
}
