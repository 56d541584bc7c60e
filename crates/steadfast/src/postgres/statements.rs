//! Statements within transactions and outside of them.
//!
//! # Implementation details
//! The driver queues a request when its future is polled for the first time, and `join` polls in the order of
//! its arguments: that is how several requests go out in one packet. The server answers them in order.

use std::sync::Arc;

use futures_util::future::{join, join3};
use steadfast_wire::TransactionStatus;

use crate::error::Fault;
use crate::sql::{Access, TransactionOptions, Value};
use crate::verdict::Step;

use super::connection::PostgresConnection;
use super::execution::{Answer, Rows};
use super::failed::again;
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
        let statement = Text { sql, params, rows, script };
        let mut outcome = self.run_once(&statement, known, announced).await;
        if self.is_stale(&outcome) {
            self.observed.quiet().await;
            self.cache.remove(sql);
            if announced.is_some() {
                self.send("ROLLBACK", Step::Statement).await?;
                outcome = self.run_once(&statement, None, announced).await;
            } else if autocommit {
                outcome = self.run_once(&statement, None, None).await;
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
        let announced = self.announced();
        self.opened(announced);
        let probe = if autocommit { None } else { self.guarding.probe(script, true) };
        let batch = self.client.batch_execute(sql);
        let asking = self.guarding.ask(&self.client, probe);
        let (begun, outcome, asked) = join3(self.begin_with(announced), batch, asking).await;
        let outcome = both(begun, outcome.map_err(|error| self.fault(error, Step::Statement)));
        self.guarding.note(probe, asked.ok().flatten(), 0);
        self.leave().await;
        self.note(script, outcome.as_ref().err());
        outcome.map_err(|fault| self.judge(fault, script, autocommit, sent))
    }

    async fn run_once(
        &mut self,
        &Text { sql, params, rows, script }: &Text<'_>,
        known: Option<Arc<Prepared>>,
        announced: Option<TransactionOptions>,
    ) -> Result<Answer, Fault> {
        self.opened(announced);
        let known = self.still_known(known);
        let probe =
            if self.transaction == Progress::None { None } else { self.guarding.probe(script, false) };
        if let (Some(prepared), None, None) = (&known, announced, probe) {
            // The usual case: nothing goes with it.
            return self.prepared(prepared, params, rows).await;
        }
        let begin = self.begin_with(announced);
        let asking = self.guarding.ask(&self.client, probe);
        let (begun, answer, asked) = if self.cache.is_off() {
            join3(begin, self.unprepared(sql, params, rows), asking).await
        } else if let Some(prepared) = known {
            join3(begin, self.prepared(&prepared, params, rows), asking).await
        } else {
            let (begun, statement) = join(begin, Box::pin(self.client.prepare(sql))).await;
            let statement = both(begun, statement.map_err(|error| self.fault(error, Step::Statement)))?;
            let prepared = Prepared::new(statement, script);
            let (answer, asked) = join(self.prepared(&prepared, params, rows), asking).await;
            self.cache.insert(sql, prepared);
            (Ok(()), answer, asked)
        };
        // When the question failed so did the statement before it, or the connection; either tells more.
        self.guarding.note(probe, asked.ok().flatten(), answer.as_ref().map_or(0, |answer| answer.affected));
        both(begun, answer)
    }

    pub(super) async fn begin_with(&self, announced: Option<TransactionOptions>) -> Result<(), Fault> {
        match announced {
            Some(options) => self.send(&begin_statement(options), Step::Statement).await,
            None => Ok(()),
        }
    }

    pub(super) async fn send(&self, statement: &str, step: Step) -> Result<(), Fault> {
        self.client.batch_execute(statement).await.map_err(|error| self.fault(error, step))
    }

    pub(super) async fn roll_back(&mut self, step: Step) -> Result<(), Fault> {
        self.in_call = true;
        let outcome = self.send("ROLLBACK", step).await;
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

    /// Notes, before anything is sent, that BEGIN is.
    fn opened(&mut self, announced: Option<TransactionOptions>) {
        if let Some(options) = announced {
            self.transaction = Progress::Open { read_only: options.access == Access::ReadOnly };
        }
    }

    /// The prepared statement that was found for a text, unless it was forgotten. Without one, room is made for it: what
    /// must go is closed in the same packet as the next request.
    pub(super) fn still_known(&mut self, found: Option<Arc<Prepared>>) -> Option<Arc<Prepared>> {
        let forgotten = self.observed.take_forgotten();
        if forgotten {
            self.cache.clear();
            self.guarding.forget_prepared();
        }
        let known = found.filter(|_| !forgotten);
        if known.is_none() && !self.cache.is_off() {
            self.cache.make_room();
        }
        known
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

/// A statement that is to be run.
struct Text<'a> {
    sql: &'a str,
    params: &'a [Value],
    rows: Rows,
    script: Script,
}

/// The outcome of a statement that went out behind BEGIN. Should BEGIN alone have failed, the statement ran
/// in a transaction of its own, and cannot be taken back.
pub(super) fn both<T>(begun: Result<(), Fault>, outcome: Result<T, Fault>) -> Result<T, Fault> {
    match (begun, outcome) {
        (Ok(()), outcome) => outcome,
        (Err(fault), Ok(_)) => Err(fault.with_unknown_outcome()),
        (Err(fault), Err(_)) => Err(fault),
    }
}
