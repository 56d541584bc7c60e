//! The most delicate request, and the one answer that means success.

use std::sync::atomic::Ordering;

use steadfast_wire::TransactionStatus;

use crate::error::Fault;
use crate::verdict::{Class, Step};

use super::connection::PostgresConnection;
use super::execution::misused;
use super::guard::Question;
use super::line::{Answers, Failure, Given, Packet};
use super::marker;
use super::signs::Command;
use super::transaction::Progress;

impl PostgresConnection {
    /// Ends the transaction by COMMIT, where there is one.
    pub(super) async fn run_commit(&mut self) -> Result<(), Fault> {
        self.settle(Step::Commit).await?;
        let progress = std::mem::replace(&mut self.transaction, Progress::None);
        let begun = matches!(progress, Progress::Open { .. });
        let status = self.observed.status();
        if let Some(lost) = self.refusal(Step::Commit).filter(|_| begun || status != TransactionStatus::Idle)
        {
            return Err(lost);
        }
        if let Some(reason) = self.failure() {
            if status != TransactionStatus::Idle {
                self.roll_back(Step::Commit).await?;
            }
            return Err(reason);
        }
        if status == TransactionStatus::Open {
            return match self.ask_before_commit().await {
                Ok(()) => self.send_commit().await,
                Err(fault) => Err(self.failed_before_commit(fault).await),
            };
        }
        if begun {
            return Err(misused(
                "the transaction was ended by a statement within it",
                "leave COMMIT and ROLLBACK to the transaction's own functions",
            ));
        }
        Ok(())
    }

    /// Ends the transaction by ROLLBACK, where there is one.
    pub(super) async fn run_rollback(&mut self) -> Result<(), Fault> {
        self.settle(Step::Statement).await?;
        let progress = std::mem::replace(&mut self.transaction, Progress::None);
        self.spoiled = None;
        let open = matches!(progress, Progress::Open { .. });
        if let Some(lost) = self.refusal(Step::Statement).filter(|_| open) {
            return Err(lost);
        }
        if self.observed.status() == TransactionStatus::Idle && !self.observed.is_busy() {
            return Ok(());
        }
        self.roll_back(Step::Statement).await
    }

    /// Asks what must be known before COMMIT may be sent, when it was not asked for behind a statement.
    async fn ask_before_commit(&mut self) -> Result<(), Fault> {
        let Some(question) = self.guarding.last_question(self.lent.load(Ordering::Acquire)) else {
            return Ok(());
        };
        self.in_call = true;
        let asked = self.ask(question).await;
        self.leave().await;
        let asked = asked.map_err(|failure| self.fault(failure, Step::Commit))?;
        self.guarding.note(question, Some(asked), 0);
        Ok(())
    }

    async fn ask(&self, question: Question) -> Result<Given, Failure> {
        let mut answers = Answers::default();
        let compose = |packet: &mut Packet<'_>| {
            question.compose(packet)?;
            packet.sync();
            Ok(())
        };
        self.line.exchange(&mut answers, compose).await?;
        answers.give()
    }

    /// The transaction failed before COMMIT was sent: by something that was not known of yet, as it turns out.
    async fn failed_before_commit(&mut self, fault: Fault) -> Fault {
        if self.observed.status() != TransactionStatus::Failed {
            return fault;
        }
        let reason = self.rolled_back_by_server();
        match self.roll_back(Step::Commit).await {
            Ok(()) => reason,
            Err(lost) => lost,
        }
    }

    /// Sends COMMIT and judges the answer. A fault is of unknown outcome when COMMIT has left and no answer came;
    /// what it was answered by counts, not that it was (COMMIT of a failed transaction is answered by ROLLBACK and no
    /// error: PostgreSQL manual, COMMIT). A FATAL in place of the answer tells nothing about the outcome.
    async fn send_commit(&mut self) -> Result<(), Fault> {
        self.in_call = true;
        self.transaction = Progress::Committing;
        let sent = self.observed.sent();
        self.observed.take_unreplicated();
        let outcome = match self.guarding.marker() {
            None => self.line.run("COMMIT").await,
            // One message: it arrives as a whole or not at all.
            Some(marker) => self.line.run(&marker::commit_statement(marker)).await,
        };
        self.leave().await;
        let judged = match outcome {
            Ok(()) => self.judge_commit(),
            Err(failure) => {
                let fault = self.unless_answered(self.fault(failure, Step::Commit), sent);
                if fault.is_in_doubt() { Err(self.in_doubt(fault)) } else { Err(marker::explain(fault)) }
            }
        };
        self.transaction = Progress::None;
        judged
    }

    fn judge_commit(&self) -> Result<(), Fault> {
        match self.observed.command() {
            Command::Commit => Ok(()),
            Command::Rollback => Err(self.rolled_back_by_server()),
            Command::Other => {
                let what = "COMMIT was answered by something that is neither a commit nor a rollback";
                let fault = Fault::new(Class::ConnectionLost, Step::Commit, what)
                    .with_remedy(
                        "a proxy in between rewrites statements: look up whether the change is there",
                    )
                    .with_unknown_outcome();
                Err(self.in_doubt(fault))
            }
        }
    }
}
