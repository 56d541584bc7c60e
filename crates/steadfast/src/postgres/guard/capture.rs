//! What is noted of a transaction while it runs.
//!
//! # Implementation details
//! Behind the first statement that changes something goes a question, in the same packet: the transaction's id, and a
//! position in the log behind that change. The connection knows the rest since it was opened. COMMIT is sent when the
//! answer is here, never before: what has no id in hand cannot be asked about.
//!
//! A statement that only reads by its first word carries no question. It may change something all the same (a
//! function does), so a transaction of nothing else is asked once before its COMMIT; that is the one shape that costs
//! a round trip.

use futures_util::future::join;
use jiff::Timestamp;
use tokio_postgres::types::{PgLsn, Type};
use tokio_postgres::{Client, Row, Statement};

use crate::outcome::{Doubt, MarkerTicket, Ticket, XidTicket};
use crate::sql::{Access, Guard, TransactionOptions};

use super::facts::{FACTS, Facts, SERVER, Xid};
use crate::postgres::script::{Habit, Script};

/// What a connection notes of its transactions.
#[derive(Debug)]
pub(in crate::postgres) struct Guarding {
    /// The server as it was when the connection was opened, or why it could not be asked.
    facts: Result<Facts, String>,
    /// The short question, prepared when it was first asked: a connection that only reads never does.
    short: Option<Statement>,
    /// Prepared statements are to be relied on.
    prepares: bool,
    /// Another process serves each transaction.
    pooled: bool,
    noted: Noted,
}

/// What is noted of the transaction that is open.
#[derive(Debug, Default)]
struct Noted {
    guard: Option<Guard>,
    ticket: Option<XidTicket>,
    /// The row that COMMIT is accompanied by.
    marker: Option<MarkerTicket>,
    /// Something was run since the last question.
    unasked: bool,
    /// Something was changed elsewhere, through this server.
    elsewhere: bool,
    /// A notification may wait to be sent: COMMIT would give the transaction an id only then.
    notifies: bool,
}

/// A question that goes out behind a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::postgres) struct Probe {
    /// The `$1` of the question.
    level: i32,
    /// The statement changes rows by its first word: when it did, its record in the log bears the id.
    changes: bool,
}

/// A question that was answered.
#[derive(Debug)]
pub(in crate::postgres) struct Asked {
    probe: Probe,
    answer: Answer,
    /// The short question, where it was prepared besides.
    prepared: Option<Statement>,
}

#[derive(Debug)]
enum Answer {
    Full(Facts),
    Short { process: u32, lsn: u64, xid: Option<u64>, now: i64 },
}

/// Values leave as the server has them: casts to text and arithmetic cost it a third of the whole question.
const SHORT: &str = "SELECT pg_catalog.pg_backend_pid(), \
    CASE WHEN $1::int4 >= 2 OR (pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL \
            AND ($1::int4 = 1 OR pg_catalog.pg_my_temp_schema() <> 0)) \
        THEN pg_catalog.pg_logical_emit_message(true, 'steadfast', ''::text) \
        ELSE pg_catalog.pg_current_wal_insert_lsn() END, \
    pg_catalog.pg_current_xact_id_if_assigned(), \
    pg_catalog.clock_timestamp()";

impl Answer {
    fn short(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self::Short {
            process: row.try_get::<_, i32>(0)?.cast_unsigned(),
            lsn: row.try_get::<_, PgLsn>(1)?.into(),
            xid: row.try_get::<_, Option<Xid>>(2)?.map(|xid| xid.0),
            now: row.try_get::<_, Timestamp>(3)?.as_microsecond(),
        })
    }
}

impl Guarding {
    /// Asks the server about itself. A server that cannot tell leaves the connection without a guard, and is no reason
    /// to do without the connection.
    pub(in crate::postgres) async fn begin(client: &Client, announced: u32, prepares: bool) -> Self {
        let answer = client.query_typed_one(SERVER, &[]).await;
        let facts = answer.and_then(|row| Facts::read(&row)).map_err(|error| {
            let cause =
                error.as_db_error().map_or_else(|| error.to_string(), |said| said.message().to_owned());
            format!("the server could not be asked about itself when the connection was opened: {cause}")
        });
        let pooled = facts.as_ref().is_ok_and(|facts| facts.process != announced);
        Self { facts, short: None, prepares, pooled, noted: Noted::default() }
    }

    /// The process that serves this connection, and when it started; `None` when it changes.
    pub(super) fn process(&self) -> Option<(u32, i64)> {
        let facts = self.facts.as_ref().ok().filter(|_| !self.pooled)?;
        Some((facts.process, facts.process_started))
    }

    /// Prepared statements were forgotten behind our back.
    pub(in crate::postgres) fn forget_prepared(&mut self) {
        self.short = None;
    }

    /// A transaction was begun.
    pub(in crate::postgres) fn start(&mut self, options: TransactionOptions) {
        let guard = (options.access == Access::ReadWrite).then_some(options.guard);
        let marker = (guard == Some(Guard::Marker)).then(|| MarkerTicket { token: uuid::Uuid::now_v7() });
        self.noted = Noted { guard, marker, ..Noted::default() };
    }

    /// The question that goes out behind this statement, if one does.
    pub(in crate::postgres) fn probe(&mut self, script: Script, several: bool) -> Option<Probe> {
        if self.noted.guard != Some(Guard::Xid) || self.noted.ticket.is_some_and(|ticket| ticket.anchored) {
            return None;
        }
        let facts = self.facts.as_ref().ok()?;
        self.noted.notifies |= script.notifies;
        let habit = if several { Habit::Other } else { script.habit };
        let level = match habit {
            _ if self.noted.notifies => 2,
            Habit::Reads => {
                self.noted.unasked = true;
                return None;
            }
            Habit::Changes if !facts.unlogged => 0,
            Habit::Changes | Habit::Other => 1,
        };
        Some(Probe { level, changes: habit == Habit::Changes })
    }

    /// The question that must be answered before COMMIT is sent, if there is one.
    pub(in crate::postgres) fn last_probe(&self, lent: bool) -> Option<Probe> {
        let wanted =
            self.noted.guard == Some(Guard::Xid) && self.facts.is_ok() && self.noted.ticket.is_none();
        let level = if self.noted.notifies { 2 } else { 1 };
        (wanted && (self.noted.unasked || lent)).then_some(Probe { level, changes: false })
    }

    /// Asks. Queued when it is polled first, so that it leaves behind what was queued before.
    pub(in crate::postgres) async fn ask(
        &self,
        client: &Client,
        probe: Option<Probe>,
    ) -> Result<Option<Asked>, tokio_postgres::Error> {
        let Some(probe) = probe else { return Ok(None) };
        let pooled = !self.prepares || self.pooled;
        let full = pooled || self.facts.as_ref().is_ok_and(|facts| facts.in_recovery);
        let (answer, prepared) = match &self.short {
            Some(short) if !full => (Answer::short(&client.query_one(short, &[&probe.level]).await?)?, None),
            _ => Box::pin(ask_first(client, probe.level, full)).await?,
        };
        Ok(Some(Asked { probe, answer, prepared }))
    }

    /// Notes the answer to the question behind a statement that affected so many rows; without one, that something
    /// was run and not asked about.
    pub(in crate::postgres) fn note(&mut self, probe: Option<Probe>, asked: Option<Asked>, affected: u64) {
        match asked {
            Some(asked) => self.take(asked, affected),
            None => self.noted.unasked |= probe.is_some(),
        }
    }

    /// The row that COMMIT is to be accompanied by, when that is how the transaction is guarded.
    pub(in crate::postgres) fn marker(&self) -> Option<MarkerTicket> {
        self.noted.marker
    }

    /// With what the transaction can be found after its COMMIT was sent: `Ok(None)` when there is nothing to be found
    /// because nothing was changed.
    pub(in crate::postgres) fn ticket(&self) -> Result<Option<Ticket>, Doubt> {
        let not_noted = |reason: &str| Err(Doubt::NotNoted { reason: reason.to_owned() });
        if let Some(marker) = self.noted.marker {
            return Ok(Some(Ticket::Marker(marker)));
        }
        match (self.noted.guard, &self.facts, self.noted.ticket) {
            (Some(Guard::Xid), Ok(_), Some(ticket)) => Ok(Some(Ticket::Xid(ticket))),
            (Some(Guard::Xid), Ok(_), None) if self.noted.elsewhere => {
                not_noted("rows were changed in a table of another server, which decides for itself")
            }
            (Some(Guard::Xid), Ok(_), None) if self.noted.unasked => {
                not_noted("the transaction's id was not in hand when COMMIT was sent")
            }
            (Some(Guard::Xid), Ok(_), None) | (None, ..) => Ok(None),
            (Some(Guard::Xid), Err(reason), _) => not_noted(reason),
            (Some(Guard::Marker | Guard::Off), ..) => not_noted("the transaction was run without a guard"),
        }
    }

    fn take(&mut self, Asked { probe, answer, prepared }: Asked, affected: u64) {
        self.short = self.short.take().or(prepared);
        let (process, lsn, xid, noted_at) = match answer {
            Answer::Short { process, lsn, xid, now } => (process, Some(lsn), xid, now),
            Answer::Full(facts) => {
                let noted = (facts.process, facts.lsn, facts.xid, facts.now);
                // Behind a pooler the next transaction may meet another server.
                self.facts = Ok(facts);
                noted
            }
        };
        let Ok(facts) = &self.facts else { return };
        if facts.process != process {
            // Somebody in between has changed the server under us: what is known of it holds no longer.
            self.pooled = true;
            self.short = None;
            self.noted.unasked = true;
            return;
        }
        self.noted.unasked = false;
        self.noted.elsewhere |= probe.changes && affected > 0 && xid.is_none();
        let (Some(xid), Some(lsn), Some(timeline)) = (xid, lsn, facts.timeline) else { return };
        self.noted.ticket = Some(XidTicket {
            system: facts.system,
            timeline,
            xid,
            lsn,
            anchored: probe.level > 0 || (probe.changes && affected > 0),
            process,
            process_started: facts.process_started,
            witness: facts.witness,
            recovered_to: facts.recovered_to,
            noted_at,
        });
    }
}

/// Asks where the short question is not prepared, and prepares it unless it is not to be relied on: all in the same packet
/// as what went before.
async fn ask_first(
    client: &Client,
    level: i32,
    full: bool,
) -> Result<(Answer, Option<Statement>), tokio_postgres::Error> {
    if full {
        return Ok((Answer::Full(Facts::read(&ask_untyped(client, FACTS, level).await?)?), None));
    }
    let (row, short) = join(ask_untyped(client, SHORT, level), client.prepare(SHORT)).await;
    Ok((Answer::short(&row?)?, short.ok()))
}

/// Asks without a prepared statement, as works through every pooler.
async fn ask_untyped(client: &Client, question: &str, level: i32) -> Result<Row, tokio_postgres::Error> {
    client.query_typed_one(question, &[(&level, Type::INT4)]).await
}
