//! Running one statement under the rules that hold for it.

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Batch, Connection, Statement};

use crate::error::Fault;
use crate::sql::{Row, Value};
use crate::sqlite::command::Want;
use crate::sqlite::fault::{from_sqlite, refused, refused_in_failed_transaction, refused_write};
use crate::sqlite::notes::{Noted, Notes};
use crate::sqlite::values::{Reader, bind};
use crate::verdict::Step;

/// What a statement may do.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "four independent questions about the moment")]
pub(super) struct Rules {
    /// A transaction begun through the library is open; it is ended through the library as well.
    pub(super) in_transaction: bool,
    /// That transaction has failed.
    pub(super) failed: bool,
    /// Nothing may be written.
    pub(super) read_only: bool,
    /// The permit to write is held.
    pub(super) permitted: bool,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Ran {
    Count(u64),
    Rows(Vec<Row>),
    /// Nothing was done: it writes, and the permit is not held.
    NeedsPermit,
}

/// Runs a single statement.
pub(super) fn run(
    connection: &Connection,
    notes: &Notes,
    rules: Rules,
    (sql, params, want): (&str, &[Value], Want),
) -> (Result<Ran, Fault>, Noted) {
    if let Err(fault) = refuse_nul(sql) {
        return (Err(fault), Noted::default());
    }
    let mut statement = match connection.prepare_cached(sql) {
        Ok(statement) => statement,
        Err(error) => {
            let fault = if rules.failed { refused_in_failed_transaction() } else { at_statement(&error) };
            return (Err(fault), notes.take());
        }
    };
    let noted = notes.take();
    let ran = check(rules, noted, want, &statement).and_then(|permitted| {
        if !permitted {
            return Ok(Ran::NeedsPermit);
        }
        bind(&mut statement, params)?;
        step(connection, &mut statement, want)
    });
    // Noted again: a table-valued pragma is prepared while the statement runs.
    let noted = noted.and(notes.take());
    if noted.is_special() {
        statement.discard();
    }
    (ran, noted)
}

/// Runs each statement of a text, until one fails.
pub(super) fn run_each(
    connection: &Connection,
    notes: &Notes,
    mut rules: Rules,
    sql: &str,
) -> (Result<(), Fault>, Noted) {
    let mut all = Noted::default();
    let mut batch = Batch::new(connection, sql);
    let result = refuse_nul(sql).and_then(|()| {
        loop {
            let next = batch.next();
            let noted = notes.take();
            all = all.and(noted);
            let Some(mut statement) = next.map_err(|error| at_statement(&error))? else {
                return Ok(());
            };
            check(rules, noted, Want::Batch, &statement)?;
            bind(&mut statement, &[])?;
            step(connection, &mut statement, Want::Batch)?;
            rules.failed &= !noted.returns_to_savepoint();
            all = all.and(notes.take());
        }
    });
    (result, all)
}

/// Whether a text holds several statements. Also when that cannot be told, since the second may need what the
/// first makes.
pub(super) fn is_several(connection: &Connection, notes: &Notes, sql: &str) -> (bool, Noted) {
    let several = connection.prepare(sql).is_err();
    (several, notes.take())
}

/// `Ok(false)` when the permit to write is needed first.
fn check(rules: Rules, noted: Noted, want: Want, statement: &Statement<'_>) -> Result<bool, Fault> {
    if rules.failed && !noted.returns_to_savepoint() {
        return Err(refused_in_failed_transaction());
    }
    if rules.in_transaction && noted.controls_transaction() {
        return Err(refused(
            "BEGIN, COMMIT and ROLLBACK are not statements for use inside a transaction",
            "end the transaction with commit() or rollback(), or use SAVEPOINT",
        ));
    }
    if want == Want::Reading
        && (noted.touches_transaction() || noted.changes_settings() || !statement.readonly())
    {
        return Err(refused_write("a statement that only reads was expected"));
    }
    if rules.read_only && (noted.changes_settings() || !statement.readonly()) {
        return Err(refused_write("the transaction is read-only"));
    }
    Ok(statement.readonly() || rules.permitted)
}

fn step(connection: &Connection, statement: &mut Statement<'_>, want: Want) -> Result<Ran, Fault> {
    if is_empty(statement) {
        return Ok(if want == Want::Count { Ran::Count(0) } else { Ran::Rows(Vec::new()) });
    }
    let changes_before = connection.total_changes();
    let reads = statement.readonly();
    let wants_rows = want != Want::Count && want != Want::Batch;
    // Made at the first row: with the first step SQLite prepares the statement anew when the schema has changed.
    let mut reader = None;
    let mut rows = statement.raw_query();
    let mut read = Vec::new();
    let mut count = 0;
    while let Some(row) = rows.next().map_err(|error| at_statement(&error))? {
        count += 1;
        if wants_rows {
            read.push(reader.get_or_insert_with(|| Reader::new(row.as_ref())).read(row)?);
        }
    }
    if wants_rows {
        return Ok(Ran::Rows(read));
    }
    // SQLite keeps the last count until the next statement that changes rows: a CREATE TABLE changes none.
    let changed = if connection.total_changes() == changes_before { 0 } else { connection.changes() };
    Ok(Ran::Count(if reads { count } else { changed }))
}

/// Whether there is nothing to run: no text, or only comments. SQLite makes no statement of that, and takes
/// running it for misuse; PostgreSQL answers it with nothing.
fn is_empty(statement: &Statement<'_>) -> bool {
    statement.column_count() == 0 && statement.readonly() && statement.expanded_sql().is_none()
}

/// SQLite reads a statement up to the first NUL and would run the part before it.
fn refuse_nul(sql: &str) -> Result<(), Fault> {
    if sql.contains('\0') {
        return Err(refused(
            "the statement holds a NUL character",
            "give values as parameters, not in the text",
        ));
    }
    Ok(())
}

fn at_statement(error: &rusqlite::Error) -> Fault {
    from_sqlite(Step::Statement, error)
}
