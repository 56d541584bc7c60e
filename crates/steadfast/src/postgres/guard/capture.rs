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

use postgres_types::Type;

use crate::error::Fault;
use crate::outcome::{Doubt, MarkerTicket, Ticket, XidTicket};
use crate::sql::{Access, Guard, TransactionOptions, Value};

use super::facts::{FACTS, Facts};
use crate::postgres::line::{Failure, Given, Line, Packet, RawRow, Taken};
use crate::postgres::script::{Habit, Script};

/// What a connection notes of its transactions.
#[derive(Debug)]
pub(in crate::postgres) struct Guarding {
    /// The server as it was when the connection was opened, or why it could not be asked.
    facts: Result<Facts, String>,
    /// The short question is prepared. That is done when it is first asked: a connection that only reads never does.
    short: bool,
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
pub(in crate::postgres) struct Question {
    /// The `$1` of the question.
    level: i32,
    /// The statement changes rows by its first word: when it did, its record in the log bears the id.
    changes: bool,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// All of it, without a prepared statement, as works through every pooler.
    Full,
    /// What changes, by a statement that is prepared with it.
    First,
    Short,
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

/// The name of the short question among the prepared statements of a connection.
const NAME: &str = "sfq";

impl Question {
    /// Writes it into a packet, behind what it asks about.
    pub(in crate::postgres) fn compose(self, packet: &mut Packet<'_>) -> Result<(), Fault> {
        let level = [Value::Int(self.level.into())];
        match self.form {
            Form::Full => return packet.untyped(FACTS, &level, Taken::raw()),
            Form::First => packet.prepare_anew(NAME, SHORT, &[Type::INT4])?,
            Form::Short => {}
        }
        packet.prepared(NAME, &[Type::INT4], &level, Taken::raw())
    }
}

impl Answer {
    fn read(form: Form, row: &RawRow) -> Result<Self, Failure> {
        if form == Form::Full {
            return Facts::read(row).map(Self::Full);
        }
        Ok(Self::Short {
            process: row.number(0)?,
            lsn: row.large(1)?,
            xid: row.maybe_large(2)?,
            now: row.moment(3)?,
        })
    }
}

impl Guarding {
    /// Asks the server about itself. A server that cannot tell leaves the connection without a guard, and is no reason
    /// to do without the connection.
    pub(in crate::postgres) async fn begin(line: &Line, announced: u32, prepares: bool) -> Self {
        let facts = Facts::ask(line).await.map_err(|failure| {
            let cause = match failure {
                Failure::Reported(report) => report.message,
                Failure::Over => "the connection ended".to_owned(),
                Failure::Ours(fault) => fault.summary().to_owned(),
            };
            format!("the server could not be asked about itself when the connection was opened: {cause}")
        });
        let pooled = facts.as_ref().is_ok_and(|facts| facts.process != announced);
        Self { facts, short: false, prepares, pooled, noted: Noted::default() }
    }

    /// The process that serves this connection, and when it started; `None` when it changes.
    pub(super) fn process(&self) -> Option<(u32, i64)> {
        let facts = self.facts.as_ref().ok().filter(|_| !self.pooled)?;
        Some((facts.process, facts.process_started))
    }

    /// Prepared statements were forgotten behind our back.
    pub(in crate::postgres) fn forget_prepared(&mut self) {
        self.short = false;
    }

    /// A transaction was begun.
    pub(in crate::postgres) fn start(&mut self, options: TransactionOptions) {
        let guard = (options.access == Access::ReadWrite).then_some(options.guard);
        let marker = (guard == Some(Guard::Marker)).then(|| MarkerTicket { token: uuid::Uuid::now_v7() });
        self.noted = Noted { guard, marker, ..Noted::default() };
    }

    /// The question that goes out behind this statement, if one does.
    pub(in crate::postgres) fn question(&mut self, script: Script, several: bool) -> Option<Question> {
        if self.noted.guard != Some(Guard::Xid) || self.noted.ticket.is_some_and(|ticket| ticket.anchored) {
            return None;
        }
        let facts = self.facts.as_ref().ok()?;
        self.noted.notifies |= script.notifies;
        if script.copies {
            self.noted.unasked = true;
            return None;
        }
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
        Some(Question { level, changes: habit == Habit::Changes, form: self.form() })
    }

    /// The question that must be answered before COMMIT is sent, if there is one.
    pub(in crate::postgres) fn last_question(&self, lent: bool) -> Option<Question> {
        let wanted =
            self.noted.guard == Some(Guard::Xid) && self.facts.is_ok() && self.noted.ticket.is_none();
        let level = if self.noted.notifies { 2 } else { 1 };
        (wanted && (self.noted.unasked || lent)).then(|| Question {
            level,
            changes: false,
            form: self.form(),
        })
    }

    /// How it is asked.
    fn form(&self) -> Form {
        let pooled = !self.prepares || self.pooled;
        match self.short {
            _ if pooled || self.facts.as_ref().is_ok_and(|facts| facts.in_recovery) => Form::Full,
            true => Form::Short,
            false => Form::First,
        }
    }

    /// Notes the answer to the question behind a statement that affected so many rows; without one, that something
    /// was run and not asked about.
    pub(in crate::postgres) fn note(&mut self, question: Question, asked: Option<Given>, affected: u64) {
        let rows = asked.map(Given::raw).unwrap_or_default();
        match rows.first().and_then(|row| Answer::read(question.form, row).ok()) {
            Some(answer) => self.take(question, answer, affected),
            None => self.noted.unasked = true,
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

    fn take(&mut self, question: Question, answer: Answer, affected: u64) {
        let (process, lsn, xid, noted_at) = match answer {
            Answer::Short { process, lsn, xid, now } => {
                self.short = true;
                (process, Some(lsn), xid, now)
            }
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
            self.short = false;
            self.noted.unasked = true;
            return;
        }
        self.noted.unasked = false;
        self.noted.elsewhere |= question.changes && affected > 0 && xid.is_none();
        let (Some(xid), Some(lsn), Some(timeline)) = (xid, lsn, facts.timeline) else { return };
        self.noted.ticket = Some(XidTicket {
            system: facts.system,
            timeline,
            xid,
            lsn,
            anchored: question.level > 0 || (question.changes && affected > 0),
            process,
            process_started: facts.process_started,
            witness: facts.witness,
            recovered_to: facts.recovered_to,
            noted_at,
        });
    }
}
