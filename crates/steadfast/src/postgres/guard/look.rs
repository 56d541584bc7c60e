//! What a server says of a transaction afterwards.

use crate::outcome::XidTicket;
use crate::postgres::line::{Failure, Line, RawRow};
use crate::sql::Value;

use super::facts::Facts;

/// Everything that decides about a transaction, seen on one connection.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) server: Facts,
    pub(super) status: Status,
    /// Asked for only while the transaction is in progress.
    pub(super) sighting: Sighting,
}

/// What the server says of a transaction id (`pg_xact_status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Committed,
    Aborted,
    /// It was not handed out yet.
    InFuture,
    /// The server has forgotten what became of it.
    Forgotten,
}

/// Who is at the transaction that is in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sighting {
    /// The process that ran it is gone, or has the number of it and is another one.
    Absent,
    /// The role may not see what the process with that number does.
    Hidden,
    /// The process that ran it is there, and past it.
    Past,
    /// The process that ran it is at it.
    AtIt {
        /// It has committed and waits for a synchronous standby.
        awaits_replication: bool,
    },
    /// Nobody is: it is prepared under this name.
    Prepared(String),
}

const STATUS: &str = "SELECT pg_catalog.pg_xact_status($1::text::xid8)";

/// `pg_stat_get_activity` rather than the view: it looks at one process. Behind it the rights are the same: of the
/// processes of another role all but the number is hidden.
const ACTIVITY: &str = "SELECT (extract(epoch FROM a.backend_start) * 1000000)::int8, a.backend_xid::text, a.wait_event \
    FROM pg_catalog.pg_stat_get_activity($1::int4) a WHERE a.pid = $1::int4";

const PREPARED: &str = "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE transaction::text = $1::text \
    AND database = pg_catalog.current_database()";

const TERMINATE: &str = "SELECT pg_catalog.pg_terminate_backend(a.pid) \
    FROM pg_catalog.pg_stat_get_activity($1::int4) a WHERE a.pid = $1::int4 \
    AND (extract(epoch FROM a.backend_start) * 1000000)::int8 = $2::int8 AND a.backend_xid::text = $3::text \
    AND a.wait_event IS DISTINCT FROM 'SyncRep'";

/// Looks once.
pub(super) async fn look(line: &Line, ticket: &XidTicket) -> Result<Look, Failure> {
    let server = Facts::ask(line).await?;
    let status = status(line, ticket.xid).await?;
    let sighting = match status {
        Status::InProgress => sight(line, ticket).await?,
        Status::Committed | Status::Aborted | Status::InFuture | Status::Forgotten => Sighting::Absent,
    };
    Ok(Look { server, status, sighting })
}

/// Ends exactly the process that is at the transaction. True when it was told to.
pub(super) async fn terminate(line: &Line, ticket: &XidTicket) -> Result<bool, Failure> {
    let params = [
        Value::Int(ticket.process.into()),
        Value::Int(ticket.process_started),
        Value::Text(short_xid(ticket.xid)),
    ];
    line.ask(TERMINATE, &params).await?.first().map_or(Ok(false), |row| row.is_true(0))
}

async fn status(line: &Line, xid: u64) -> Result<Status, Failure> {
    let rows = match line.ask(STATUS, &[Value::Text(xid.to_string())]).await {
        Ok(rows) => rows,
        // The only thing that is wrong with a number: no transaction has it yet.
        Err(Failure::Reported(report)) if report.code == "22023" => return Ok(Status::InFuture),
        Err(failure) => return Err(failure),
    };
    Ok(match rows.first().and_then(|row| row.text(0)) {
        Some("committed") => Status::Committed,
        Some("aborted") => Status::Aborted,
        Some(_) => Status::InProgress,
        None => Status::Forgotten,
    })
}

async fn sight(line: &Line, ticket: &XidTicket) -> Result<Sighting, Failure> {
    let xid = short_xid(ticket.xid);
    if let Some(row) = line.ask(PREPARED, &[Value::Text(xid.clone())]).await?.first() {
        return Ok(Sighting::Prepared(row.text(0).unwrap_or_default().to_owned()));
    }
    match line.ask(ACTIVITY, &[Value::Int(ticket.process.into())]).await?.first() {
        None => Ok(Sighting::Absent),
        Some(row) => judge_process(row, ticket, &xid),
    }
}

fn judge_process(row: &RawRow, ticket: &XidTicket, xid: &str) -> Result<Sighting, Failure> {
    let Some(started) = row.maybe_large(0)? else { return Ok(Sighting::Hidden) };
    if started.cast_signed() != ticket.process_started {
        return Ok(Sighting::Absent);
    }
    if row.text(1) != Some(xid) {
        return Ok(Sighting::Past);
    }
    Ok(Sighting::AtIt { awaits_replication: row.text(2) == Some("SyncRep") })
}

/// Views show a transaction id without its epoch.
fn short_xid(xid: u64) -> String {
    (xid & u64::from(u32::MAX)).to_string()
}
