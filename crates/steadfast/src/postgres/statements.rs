//! Statements within transactions and outside of them.

use std::sync::Arc;

use steadfast_wire::TransactionStatus;

use crate::error::Fault;
use crate::sql::{Access, TransactionOptions, Value};
use crate::verdict::Step;

use super::connection::PostgresConnection;
use super::execution::{Answer, Before, Behind, Rows, Text};
use super::failed::again;
use super::guard::Question;
use super::latch::Latch;
use super::line::{Answers, Given, Packet, Taken};
use super::prepared::Prepared;
use super::script::Script;
use super::transaction::{Progress, begin_statement};

impl PostgresConnection {
    /// Runs a statement, a second time when the first failed on a prepared statement that is out of date and
    /// nothing else is lost with it.
    pub(super) async fn run(&mut self, sql: &str, params: &[Value], rows: Rows) -> Result<Answer, Fault> {
        self.settle(Step::Statement).await?;
        let known = self.cache.get(sql);
        let script = known.as_ref().map_or_else(|| Script::of(sql), |known| known.script);
        self.admit(script, false)?;
        self.enter()?;
        let sent = self.observed.sent();
        let autocommit =
            self.transaction == Progress::None && self.observed.status() == TransactionStatus::Idle;
        let announced = self.announced();
        let statement = Text { sql, params, rows, script, reads: false };
        let mut outcome = self.run_once(&statement, known).await;
        if self.is_stale(&outcome) {
            self.forget(sql);
            if let Some(options) = announced {
                self.command("ROLLBACK", Step::Statement).await?;
                self.transaction = Progress::Announced(options);
                outcome = self.run_once(&statement, None).await;
            } else if autocommit {
                outcome = self.run_once(&statement, None).await;
            } else {
                outcome = outcome.map_err(|fault| again(&fault));
            }
        }
        self.leave().await;
        self.note(script, outcome.as_ref().err());
        outcome.map_err(|fault| self.judge(fault, script, autocommit, sent))
    }

    /// Runs statements without parameters, as one text.
    pub(super) async fn run_batch(&mut self, sql: &str) -> Result<(), Fault> {
        self.settle(Step::Statement).await?;
        let script = Script::of(sql);
        self.admit(script, true)?;
        self.enter()?;
        let sent = self.observed.sent();
        let autocommit =
            self.transaction == Progress::None && self.observed.status() == TransactionStatus::Idle;
        let announced = self.open_announced();
        let question = if autocommit { None } else { self.guarding.question(script, true) };
        let outcome = self.send_batch(sql, announced, question).await;
        self.leave().await;
        self.note(script, outcome.as_ref().err());
        outcome.map_err(|fault| self.judge(fault, script, autocommit, sent))
    }

    async fn run_once(&mut self, text: &Text<'_>, known: Option<Arc<Prepared>>) -> Result<Answer, Fault> {
        let announced = self.open_announced();
        let known = self.still_known(known);
        let question = if self.transaction == Progress::None {
            None
        } else {
            self.guarding.question(text.script, false)
        };
        let behind = question.map_or(Behind::Nothing, Behind::Ask);
        let before = announced.map_or(Before::Nothing, Before::Begin);
        let outcome = self.prepare_and_send(text, known, before, behind).await;
        let (outcome, asked) = match outcome {
            Ok((answer, asked)) => (Ok(answer), asked),
            Err(fault) => (Err(fault), None),
        };
        if let Some(question) = question {
            let affected = outcome.as_ref().map_or(0, |answer| answer.affected);
            self.guarding.note(question, asked, affected);
        }
        outcome
    }

    /// In one packet; in two when the statement must be prepared first.
    pub(super) async fn prepare_and_send(
        &mut self,
        text: &Text<'_>,
        mut known: Option<Arc<Prepared>>,
        mut before: Before,
        behind: Behind,
    ) -> Result<(Answer, Option<Given>), Fault> {
        if known.is_none() && !self.cache.is_off() {
            // Boxed: it is seldom, and would make the future of every statement larger.
            let begin = before.take_begin();
            let prepared = Box::pin(self.prepare(text, begin)).await;
            let prepared = prepared.map_err(|failure| self.fault(failure, Step::Statement))?;
            self.cache.insert(text.sql, Arc::clone(&prepared));
            known = Some(prepared);
        }
        let sent = self.send(text, known, before, behind).await;
        sent.map_err(|failure| self.fault(failure, Step::Statement))
    }

    /// BEGIN, a text, and the question behind it: three requests in one packet, because a text is one by itself.
    async fn send_batch(
        &mut self,
        sql: &str,
        announced: Option<TransactionOptions>,
        question: Option<Question>,
    ) -> Result<(), Fault> {
        let begin = announced.map(begin_statement);
        let mut answers = Answers::default();
        let compose = |packet: &mut Packet<'_>| {
            begin.as_deref().map_or(Ok(()), |begin| packet.query(begin, Taken::Nothing))?;
            packet.query(sql, Taken::Nothing)?;
            if let Some(question) = question {
                question.compose(packet)?;
                packet.sync();
            }
            Ok(())
        };
        let sent = self.line.exchange(&mut answers, compose).await;
        sent.map_err(|fault| self.fault(fault, Step::Statement))?;
        let begun = if begin.is_some() { answers.give().map(drop) } else { Ok(()) };
        let outcome = answers.give().map(drop);
        if let Some(question) = question {
            self.guarding.note(question, answers.give().ok(), 0);
        }
        let fault = |failure| self.fault(failure, Step::Statement);
        both(begun.map_err(fault), outcome.map_err(fault))
    }

    pub(super) async fn command(&self, statement: &str, step: Step) -> Result<(), Fault> {
        self.line.run(statement).await.map_err(|failure| self.fault(failure, step))
    }

    pub(super) async fn roll_back(&mut self, step: Step) -> Result<(), Fault> {
        self.in_call = true;
        let outcome = self.command("ROLLBACK", step).await;
        self.leave().await;
        outcome
    }

    /// Begins a call. What follows sets `in_call` back when it ends; dropped before that, it stays.
    pub(super) fn enter(&mut self) -> Result<(), Fault> {
        match self.refusal(Step::Statement) {
            Some(lost) => Err(lost),
            None => {
                self.in_call = true;
                Ok(())
            }
        }
    }

    /// Ends a call. The server sends an error at once and its ReadyForQuery a moment later; only then is it
    /// known where the transaction stands, and only then is the connection fit to be given back.
    pub(super) async fn leave(&mut self) {
        self.observed.quiet().await;
        self.in_call = false;
    }

    fn announced(&self) -> Option<TransactionOptions> {
        match self.transaction {
            Progress::Announced(options) => Some(options),
            Progress::None | Progress::Open { .. } | Progress::Committing => None,
        }
    }

    /// Notes, before anything is sent, that BEGIN is, if it is.
    fn open_announced(&mut self) -> Option<TransactionOptions> {
        let announced = self.announced();
        if let Some(options) = announced {
            self.transaction = Progress::Open { read_only: options.access == Access::ReadOnly };
        }
        announced
    }

    /// The prepared statement that was found for a text, unless it was forgotten. Without one, room is made for it: what
    /// must go is closed in the same packet as the next request.
    pub(super) fn still_known(&mut self, found: Option<Arc<Prepared>>) -> Option<Arc<Prepared>> {
        let forgotten = self.observed.traces().take_forgotten();
        if forgotten {
            self.cache.clear();
            self.closing.clear();
            self.guarding.forget_prepared();
            self.latch = Latch::Untried;
        }
        let known = found.filter(|_| !forgotten);
        if known.is_none() && !self.cache.is_off() {
            let oldest = self.cache.make_room();
            self.closing.extend(oldest.map(|prepared| prepared.name.clone()));
        }
        known
    }

    /// Gives a prepared statement up, which the server may still have.
    pub(super) fn forget(&mut self, sql: &str) {
        let prepared = self.cache.remove(sql);
        self.closing.extend(prepared.map(|prepared| prepared.name.clone()));
    }

    /// Whether a prepared statement is unknown to the server by now, or its plan is out of date.
    pub(super) fn is_stale(&self, outcome: &Result<Answer, Fault>) -> bool {
        !self.cache.is_off()
            && !self.observed.is_over()
            && outcome.as_ref().err().is_some_and(|fault| match fault.code() {
                Some("26000" | "42P05") => true,
                Some("0A000") => fault.summary().contains("cached plan"),
                _ => false,
            })
    }

    /// What a lost connection means for a statement: outside a transaction it may have been applied.
    fn judge(&self, fault: Fault, script: Script, autocommit: bool, sent: u64) -> Fault {
        if autocommit || script.commits { self.unless_answered(fault, sent) } else { fault }
    }
}

/// The outcome of a text that went out behind BEGIN. Should BEGIN alone have failed, the text ran in a transaction of its
/// own, and cannot be taken back.
fn both(begun: Result<(), Fault>, outcome: Result<(), Fault>) -> Result<(), Fault> {
    match (begun, outcome) {
        (Ok(()), outcome) => outcome,
        (Err(fault), Ok(())) => Err(fault.with_unknown_outcome()),
        (Err(fault), Err(_)) => Err(fault),
    }
}
