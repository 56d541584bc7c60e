//! Which tables there are, and whether the ones that are wanted are among them.

use steadfast::Fault;

use crate::check::{Applies, Check, Running};
use crate::context::Context;
use crate::finding::{Figure, Outcome, Problem};
use crate::layer::Layer;
use crate::session::{Row, Session, literal};
use crate::shown::{Shown, shown};
use crate::story;
use crate::words::{many, unanswered};

/// Which tables there are.
#[derive(Debug)]
pub(crate) struct Tables;

impl Check for Tables {
    fn id(&self) -> &'static str {
        "tables"
    }

    fn layer(&self) -> Layer {
        Layer::Schema
    }

    fn about(&self) -> &'static str {
        "the given tables, or the largest that are found: rows, size, vacuum"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication", "sqlite"]
    }

    fn applies(&self) -> Applies {
        Applies::Both
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// How many tables are looked at when none are named.
const MOST: usize = 5;

/// A table that is looked at.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// As it stands in SQL, quoted where that is needed.
    pub(super) name: String,
    pub(super) oid: String,
    rows: u64,
    bytes: u64,
    dead: u64,
}

/// The tables that were named, or the largest, and the names that do not exist.
pub(super) async fn find(session: &Session, context: &Context) -> Result<(Vec<Table>, Vec<String>), Fault> {
    let wanted = &context.options.tables;
    if wanted.is_empty() {
        let sql = format!(
            "{COLUMNS} WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' \
            AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 4 DESC, 1 LIMIT {MOST}"
        );
        return Ok((session.rows(&sql).await?.iter().map(table).collect(), Vec::new()));
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in wanted {
        let sql = format!("{COLUMNS} WHERE c.oid = to_regclass({})", literal(name));
        let rows = match session.rows(&sql).await {
            // The schema may not be used, but everybody may read what is in it.
            Err(fault) if fault.code() == Some("42501") => session.rows(&by_names(name)).await?,
            // A name that is none is one of a table that does not exist.
            Err(fault) if fault.code().is_some_and(|code| code.starts_with("42")) => Vec::new(),
            answer => answer?,
        };
        match rows.first() {
            Some(row) => found.push(table(row)),
            None => missing.push(name.clone()),
        }
    }
    Ok((found, missing))
}

/// The table of `schema.name`, whatever rights there are.
fn by_names(name: &str) -> String {
    let (schema, table) = name.split_once('.').unwrap_or(("public", name));
    let [schema, table] = [schema, table].map(|part| literal(part.trim_matches('"')));
    format!("{COLUMNS} WHERE n.nspname = {schema} AND c.relname = {table}")
}

const COLUMNS: &str = "SELECT c.oid::regclass::text, c.oid, greatest(c.reltuples, 0)::bigint, \
    pg_catalog.pg_total_relation_size(c.oid), coalesce(pg_catalog.pg_stat_get_dead_tuples(c.oid), 0) \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

fn table(row: &Row) -> Table {
    Table {
        name: row.text(0).to_owned(),
        oid: row.text(1).to_owned(),
        rows: row.count(2),
        bytes: row.count(3),
        dead: row.count(4),
    }
}

async fn look(context: &Context) -> Outcome {
    if context.sqlite().is_some() {
        return super::sqlite::tables::look(context).await;
    }
    let opened = match context.opened().await {
        Ok(opened) => opened,
        Err(fault) => return unanswered(&fault, context),
    };
    let session = &opened.session;
    let (tables, missing) = match find(session, context).await {
        Ok(found) => found,
        Err(fault) => return unanswered(&fault, context),
    };
    let mut outcome = Outcome::new(if tables.is_empty() && missing.is_empty() {
        Shown::from("no tables yet")
    } else {
        many(tables.len(), "table", "tables")
    });
    for table in &tables {
        let name = context.shown(&table.name);
        outcome.add(shown!(name.clone(), ": rows (estimated)"), table.rows);
        outcome.add(shown!(name.clone(), ": size"), Figure::Bytes(table.bytes));
        if table.dead > table.rows.max(100_000) {
            let cause = shown!(
                name,
                " holds ",
                table.dead,
                " dead rows beside ",
                table.rows,
                " live ones: reads go through all of them"
            );
            let remedy = "find out what keeps vacuum from cleaning up: an old transaction (see ghosts), a replication slot, or autovacuum switched off";
            outcome.problems.push(Problem::warning(cause, remedy));
        }
    }
    let path = session.row("SELECT current_database(), array_to_string(current_schemas(false), ', ')").await;
    if let Ok(row) = &path {
        outcome.add("search_path", context.shown(row.text(1)));
    }
    for name in &missing {
        let place = path.as_ref().map_or_else(
            |_| Shown::default(),
            |row| {
                shown!(
                    " in database ",
                    context.shown(row.text(0)),
                    " with search_path ",
                    context.shown(row.text(1))
                )
            },
        );
        let cause = shown!("there is no table ", context.shown(name), place);
        let remedy = "run the migrations against this database, or correct database name, schema or search_path; capital letters need double quotes";
        outcome.problems.push(Problem::failure(cause, remedy).explained(story::NO_TABLE));
    }
    if !missing.is_empty() {
        outcome.summary = shown!(many(missing.len(), "table is", "tables are"), " missing");
    }
    outcome
}
