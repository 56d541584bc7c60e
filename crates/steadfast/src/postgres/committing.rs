//! The most delicate request, and the one answer that means success.

use std::sync::atomic::Ordering;

use steadfast_wire::TransactionStatus;

use crate::error::Fault;
use crate::verdict::{Class, Step};

use super::connection::PostgresConnection;
use super::marker;
use super::signs::Command;
use super::transaction::Progress;

impl PostgresConnection {
    /// Asks what must be known before COMMIT may be sent, when it was not asked for behind a statement.
    pub(super) async fn ask_before_commit(&mut self) -> Result<(), Fault> {
        let probe = self.guarding.last_probe(self.lent.load(Ordering::Acquire));
        if probe.is_none() {
            return Ok(());
        }
        self.in_call = true;
        let asked = self.guarding.ask(&self.client, probe).await;
        self.leave().await;
        let asked = asked.map_err(|error| self.fault(error, Step::Commit))?;
        self.guarding.note(probe, asked, 0);
        Ok(())
    }

    /// The transaction failed before COMMIT was sent: by something that was not known of yet, as it turns out.
    pub(super) async fn failed_before_commit(&mut self, fault: Fault) -> Fault {
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
    pub(super) async fn send_commit(&mut self) -> Result<(), Fault> {
        self.in_call = true;
        self.transaction = Progress::Committing;
        let sent = self.observed.sent();
        self.observed.take_unreplicated();
        let outcome = match self.guarding.marker() {
            None => self.client.batch_execute("COMMIT").await,
            // One message: it arrives as a whole or not at all.
            Some(marker) => self.client.batch_execute(&marker::commit_statement(marker)).await,
        };
        self.leave().await;
        let judged = match outcome {
            Ok(()) => self.judge_commit(),
            Err(error) => {
                let fault = self.unless_answered(self.fault(error, Step::Commit), sent);
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
