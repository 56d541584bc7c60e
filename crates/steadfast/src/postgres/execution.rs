//! One statement: sent with what goes before and behind it in the same packet, and its answer read to the end.

use std::sync::Arc;

use crate::error::Fault;
use crate::sql::{Row, TransactionOptions, Value};
use crate::verdict::{Class, Step};

use super::columns::Reading;
use super::connection::PostgresConnection;
use super::guard::Question;
use super::latch::Latch;
use super::line::{Answers, Failure, Field, Given, Packet, RawRow, Taken};
use super::prepared::{self, Prepared};
use super::script::Script;
use super::transaction::begin_statement;

/// A statement that is to be run.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) sql: &'a str,
    pub(super) params: &'a [Value],
    pub(super) rows: Rows,
    pub(super) script: Script,
    /// It is kept from writing, whatever it is, so that a session which is read-only need not be made to write for it.
    pub(super) reads: bool,
}

/// What a statement gave.
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    pub(super) affected: u64,
}

/// Whether anybody wants the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    Kept,
    Dropped,
}

/// What goes out in front of a statement, which is run only if it does not fail.
#[derive(Clone, Copy)]
pub(super) enum Before {
    Nothing,
    Begin(TransactionOptions),
    /// The same, and in front of it the question whether the next read can do without.
    ProofAndBegin(TransactionOptions),
    /// The transaction of this packet is to be read-only, by whatever that takes when it is sent.
    Latch {
        /// See [`Latch::Proven`].
        direct: bool,
    },
    /// So are those behind it. In front of it the server shows that they are.
    StandingAndLatch,
}

/// What goes out behind a statement. It is run only if the statement does not fail.
#[derive(Clone, Copy)]
pub(super) enum Behind {
    Nothing,
    Ask(Question),
    Commit,
}

impl PostgresConnection {
    /// Prepares a statement, behind BEGIN where that is still to be sent. What was given up meanwhile is closed in the
    /// same packet.
    pub(super) async fn prepare(
        &mut self,
        &Text { sql, script, reads, .. }: &Text<'_>,
        begin: Option<TransactionOptions>,
    ) -> Result<Arc<Prepared>, Failure> {
        let name = prepared::name();
        let begin = begin.map(begin_statement);
        let mut answers = Answers::default();
        let compose = |packet: &mut Packet<'_>| {
            self.closing.iter().try_for_each(|name| packet.close(name))?;
            begin.as_deref().map_or(Ok(()), |begin| packet.command(begin))?;
            packet.prepare(&name, sql, &[])?;
            packet.describe(&name)?;
            packet.sync();
            Ok(())
        };
        self.line.exchange(&mut answers, compose).of_a_read(reads).await?;
        self.closing.clear();
        if begin.is_some() {
            answers.give()?;
        }
        let Taken::Description(parameters, fields) = answers.give()?.taken else { return Err(Failure::Over) };
        let mut types = Vec::with_capacity(parameters.len());
        for number in parameters {
            types.push(self.line.type_of(number).await?);
        }
        let columns = self.line.columns(fields).await?;
        Ok(Prepared::new(name, script, types, columns))
    }

    /// Runs a statement, which is prepared unless such are not to be relied upon.
    pub(super) async fn send(
        &mut self,
        text: &Text<'_>,
        prepared: Option<Arc<Prepared>>,
        before: Before,
        behind: Behind,
    ) -> Result<(Answer, Option<Given>), Failure> {
        if let Some(prepared) = &prepared {
            check(text, prepared)?;
        }
        // No sooner: what was asked while it was prepared, about a type, is no read, and lifts what kept the session read-only.
        let before = match before {
            Before::Latch { direct } => self.latched(direct),
            Before::Nothing | Before::Begin(_) | Before::ProofAndBegin(_) | Before::StandingAndLatch => {
                before
            }
        };
        let mut answers = Answers::default();
        let compose = |packet: &mut Packet<'_>| {
            before.compose(packet)?;
            match (prepared, text.rows) {
                (Some(prepared), Rows::Kept) => packet.rows_of(prepared, text.params)?,
                (Some(prepared), Rows::Dropped) => {
                    packet.prepared(&prepared.name, &prepared.parameters, text.params, Taken::Nothing)?;
                }
                (None, Rows::Kept) => packet.untyped(text.sql, text.params, Taken::raw())?,
                (None, Rows::Dropped) => packet.untyped(text.sql, text.params, Taken::Nothing)?,
            }
            match behind {
                Behind::Nothing => {}
                Behind::Ask(question) => question.compose(packet)?,
                Behind::Commit => packet.command("COMMIT")?,
            }
            packet.sync();
            Ok(())
        };
        self.line.exchange(&mut answers, compose).of_a_read(text.reads).await?;
        self.read_before(before, &mut answers)?;
        let given = answers.give()?;
        let answer = Answer { rows: self.rows(given.taken).await?, affected: given.affected };
        let behind = match behind {
            Behind::Nothing => None,
            // When the question fails, so will the next statement, and tell more.
            Behind::Ask(_) => answers.give().ok(),
            Behind::Commit => Some(answers.give()?),
        };
        Ok((answer, behind))
    }

    /// Reads what came of what went out in front of a statement.
    fn read_before(&mut self, before: Before, answers: &mut Answers) -> Result<(), Failure> {
        let process = self.server.process;
        match before {
            Before::Nothing => return Ok(()),
            Before::Begin(_) | Before::Latch { .. } => {}
            Before::ProofAndBegin(_) => self.latch = Latch::prove(answers, process),
            Before::StandingAndLatch => {
                if Latch::prove(answers, process) == (Latch::Proven { direct: true }) {
                    self.observed.standing().prove();
                }
            }
        }
        answers.give().map(drop)
    }

    async fn rows(&self, taken: Taken) -> Result<Vec<Row>, Failure> {
        match taken {
            Taken::Rows(_, rows) => Ok(rows),
            // Boxed: only without prepared statements, and it may have to ask the server.
            Taken::Raw(fields, rows) => Box::pin(self.read_raw(fields, rows)).await,
            Taken::Nothing | Taken::Description(..) => Ok(Vec::new()),
        }
    }

    async fn read_raw(&self, fields: Vec<Field>, rows: Vec<RawRow>) -> Result<Vec<Row>, Failure> {
        let columns = Reading::of(self.line.columns(fields).await?)?;
        Ok(rows.iter().map(|row| columns.row(row.body())).collect::<Result<_, _>>()?)
    }
}

impl Before {
    /// BEGIN, for whoever sends it in a packet of its own.
    pub(super) fn take_begin(&mut self) -> Option<TransactionOptions> {
        match *self {
            Self::Begin(options) | Self::ProofAndBegin(options) => {
                *self = Self::Nothing;
                Some(options)
            }
            Self::Nothing | Self::Latch { .. } | Self::StandingAndLatch => None,
        }
    }

    fn compose(self, packet: &mut Packet<'_>) -> Result<(), Fault> {
        match self {
            Self::Nothing => Ok(()),
            Self::Begin(options) => packet.command(&begin_statement(options)),
            Self::ProofAndBegin(options) => {
                Latch::compose_proof(packet)?;
                packet.command(&begin_statement(options))
            }
            Self::Latch { .. } => Latch::compose(packet),
            Self::StandingAndLatch => {
                Latch::compose_standing(packet)?;
                Latch::compose(packet)
            }
        }
    }
}

fn check(text: &Text<'_>, prepared: &Prepared) -> Result<(), Fault> {
    let (expected, given) = (prepared.parameters.len(), text.params.len());
    if given != expected {
        let summary = format!("the statement has {expected} parameters, {given} were given");
        return Err(misused(&summary, "give each $n of the statement one value"));
    }
    if text.rows == Rows::Kept {
        prepared.columns()?;
    }
    Ok(())
}

/// A fault of the caller's own making.
pub(super) fn misused(summary: &str, remedy: &str) -> Fault {
    Fault::new(Class::Statement, Step::Statement, summary).with_remedy(remedy)
}
