//! Whether this role may do with the tables what an application does.

use steadfast::Fault;

use super::tables::{Table, find};
use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::session::Session;
use crate::shown::{Shown, shown};
use crate::story;
use crate::words::{many, unanswered};

/// Whether this role may use the tables.
#[derive(Debug)]
pub(crate) struct Privileges;

impl Check for Privileges {
    fn id(&self) -> &'static str {
        "privileges"
    }

    fn layer(&self) -> Layer {
        Layer::Schema
    }

    fn about(&self) -> &'static str {
        "SELECT, INSERT, UPDATE, DELETE on these tables, USAGE of their sequences and schemas"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

async fn look(context: &Context) -> Outcome {
    let opened = match context.opened().await {
        Ok(opened) => opened,
        Err(fault) => return unanswered(&fault, context),
    };
    let session = &opened.session;
    match judge(session, context).await {
        Ok(outcome) => outcome,
        Err(fault) => unanswered(&fault, context),
    }
}

const RIGHTS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

async fn judge(session: &Session, context: &Context) -> Result<Outcome, Fault> {
    let (tables, _) = find(session, context).await?;
    if tables.is_empty() {
        return Ok(Outcome::new("no tables to have rights on"));
    }
    let role = context.shown(session.row("SELECT current_user").await?.text(0));
    let mut outcome = Outcome::new(shown!("may read and write ", many(tables.len(), "table", "tables")));
    let (mut unreadable, mut partial) = (0_usize, 0_usize);
    for table in &tables {
        let lacking = lacking(session, table).await?;
        let name = context.shown(&table.name);
        let list = || Shown::join(lacking.iter().map(|right| Shown::from(*right)), ", ");
        outcome.add(
            name.clone(),
            if lacking.is_empty() { "all rights".into() } else { shown!("lacks ", list()) },
        );
        if lacking.is_empty() {
            continue;
        }
        let cause = shown!("role ", role.clone(), " lacks ", list(), " on ", name.clone());
        if lacking.iter().any(|right| matches!(*right, "SELECT" | "USAGE of its schema")) {
            unreadable = unreadable.saturating_add(1);
            let remedy = shown!(
                "as the owner: GRANT USAGE ON SCHEMA .. TO ",
                role.clone(),
                "; GRANT SELECT, INSERT, UPDATE, DELETE ON ",
                name,
                " TO ",
                role.clone(),
                "; for tables to come: ALTER DEFAULT PRIVILEGES"
            );
            outcome.problems.push(Problem::failure(cause, remedy).explained(story::NO_RIGHT));
        } else {
            partial = partial.saturating_add(1);
            let remedy = "nothing, if this application only reads; else as the owner: GRANT what is lacking";
            outcome.problems.push(Problem::warning(cause, remedy).explained(story::NO_RIGHT));
        }
    }
    if unreadable > 0 {
        outcome.summary = shown!(many(unreadable, "table", "tables"), " cannot be read");
    } else if partial > 0 {
        outcome.summary = shown!(many(partial, "table", "tables"), " cannot be written");
    }
    Ok(outcome)
}

async fn lacking(session: &Session, table: &Table) -> Result<Vec<&'static str>, Fault> {
    let oid = &table.oid;
    let sql = format!(
        "SELECT has_table_privilege({oid}::oid, 'SELECT'), has_table_privilege({oid}::oid, 'INSERT'), \
         has_table_privilege({oid}::oid, 'UPDATE'), has_table_privilege({oid}::oid, 'DELETE'), \
         has_schema_privilege(c.relnamespace, 'USAGE'), \
         (SELECT coalesce(bool_and(has_sequence_privilege(d.objid, 'USAGE')), true) FROM pg_catalog.pg_depend d \
          JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' WHERE d.refobjid = c.oid AND d.deptype = 'a'), \
         c.relkind IN ('r', 'p') \
         FROM pg_catalog.pg_class c WHERE c.oid = {oid}::oid"
    );
    let row = session.row(&sql).await?;
    // A view that can be read is as much as is asked of one.
    let wanted = if row.is_true(6) { RIGHTS.len() } else { 1 };
    let mut lacking: Vec<&'static str> = RIGHTS
        .iter()
        .enumerate()
        .take(wanted)
        .filter(|(index, _)| !row.is_true(*index))
        .map(|(_, right)| *right)
        .collect();
    if !row.is_true(4) {
        lacking.push("USAGE of its schema");
    }
    if !row.is_true(5) && wanted > 1 {
        lacking.push("USAGE of its sequence");
    }
    Ok(lacking)
}
