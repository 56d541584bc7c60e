//! What a server says of a transaction afterwards.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row};

use crate::outcome::XidTicket;

use super::facts::{Facts, SERVER};

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
pub(super) async fn look(client: &Client, ticket: &XidTicket) -> Result<Look, Error> {
    let server = Facts::read(&client.query_typed_one(SERVER, &[]).await?)?;
    let status = status(client, ticket.xid).await?;
    let sighting = match status {
        Status::InProgress => sight(client, ticket).await?,
        Status::Committed | Status::Aborted | Status::InFuture | Status::Forgotten => Sighting::Absent,
    };
    Ok(Look { server, status, sighting })
}

/// Ends exactly the process that is at the transaction. True when it was told to.
pub(super) async fn terminate(client: &Client, ticket: &XidTicket) -> Result<bool, Error> {
    let process = ticket.process.cast_signed();
    let row = client
        .query_typed_opt(
            TERMINATE,
            &[
                (&process, Type::INT4),
                (&ticket.process_started, Type::INT8),
                (&short_xid(ticket.xid), Type::TEXT),
            ],
        )
        .await?;
    row.map_or(Ok(false), |row| row.try_get(0))
}

async fn status(client: &Client, xid: u64) -> Result<Status, Error> {
    let row = match client.query_typed_one(STATUS, &[(&xid.to_string(), Type::TEXT)]).await {
        Ok(row) => row,
        // The only thing that is wrong with a number: no transaction has it yet.
        Err(error) if error.code().is_some_and(|code| code.code() == "22023") => return Ok(Status::InFuture),
        Err(error) => return Err(error),
    };
    Ok(match row.try_get::<_, Option<&str>>(0)? {
        Some("committed") => Status::Committed,
        Some("aborted") => Status::Aborted,
        Some(_) => Status::InProgress,
        None => Status::Forgotten,
    })
}

async fn sight(client: &Client, ticket: &XidTicket) -> Result<Sighting, Error> {
    let xid = short_xid(ticket.xid);
    if let Some(row) = client.query_typed_opt(PREPARED, &[(&xid, Type::TEXT)]).await? {
        return Ok(Sighting::Prepared(row.try_get(0)?));
    }
    let process = ticket.process.cast_signed();
    match client.query_typed_opt(ACTIVITY, &[(&process, Type::INT4)]).await? {
        None => Ok(Sighting::Absent),
        Some(row) => judge_process(&row, ticket, &xid),
    }
}

fn judge_process(row: &Row, ticket: &XidTicket, xid: &str) -> Result<Sighting, Error> {
    let Some(started) = row.try_get::<_, Option<i64>>(0)? else { return Ok(Sighting::Hidden) };
    if started != ticket.process_started {
        return Ok(Sighting::Absent);
    }
    if row.try_get::<_, Option<&str>>(1)? != Some(xid) {
        return Ok(Sighting::Past);
    }
    let awaits_replication = row.try_get::<_, Option<&str>>(2)? == Some("SyncRep");
    Ok(Sighting::AtIt { awaits_replication })
}

/// Views show a transaction id without its epoch.
fn short_xid(xid: u64) -> String {
    (xid & u64::from(u32::MAX)).to_string()
}
