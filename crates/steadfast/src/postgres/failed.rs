//! Transactions that can only be rolled back, as far as the server alone would not know.
//!
//! The server fails a transaction when a statement of it fails there. A statement that failed on this side (a
//! parameter of the wrong type, a column that cannot be read) and one whose future was dropped never fail it;
//! a COMMIT would then store half of what the caller meant.

use steadfast_wire::TransactionStatus;

use crate::error::Fault;
use crate::verdict::{Class, Step};

use super::connection::PostgresConnection;
use super::script::{Kind, Script};
use super::transaction::Progress;

/// Why a transaction can only be rolled back.
#[derive(Debug, Clone)]
pub(super) enum Spoiled {
    /// A statement failed on this side. A savepoint before it can be returned to.
    Failed(Fault),
    /// A call was dropped: how far it got, nobody knows.
    Dropped,
}

impl PostgresConnection {
    /// Ends what a dropped call left behind. A transaction that this happened in can only be rolled back.
    ///
    /// # Errors
    /// The connection is of no use any more.
    ///
    /// # Cancel safety
    /// Dropped half-way, the next call begins with it again.
    pub(super) async fn settle(&mut self, step: Step) -> Result<(), Fault> {
        // Boxed: it is seldom, and would make the future of every statement as large as that of a cancel request.
        if self.in_call { Box::pin(self.end_dropped_call(step)).await } else { Ok(()) }
    }

    async fn end_dropped_call(&mut self, step: Step) -> Result<(), Fault> {
        if matches!(self.transaction, Progress::Open { .. }) {
            self.spoiled = Some(Spoiled::Dropped);
        }
        self.bell.rested().await;
        if self.transaction == Progress::Committing {
            // It may have been applied; a cancel would gain nothing.
            self.observed.quiet().await;
            self.transaction = Progress::None;
            if self.observed.status() != TransactionStatus::Idle && !self.observed.is_over() {
                // COMMIT was dropped before it was sent.
                return self.roll_back(step).await;
            }
        } else {
            self.finish_requests().await.map_err(|fault| fault.in_step(step))?;
        }
        self.in_call = false;
        Ok(())
    }

    /// Refuses a text that must not run here and now.
    pub(super) fn admit(&mut self, script: Script, batch: bool) -> Result<(), Fault> {
        let returns = script.first == Kind::ReturningToSavepoint;
        match &self.spoiled {
            Some(Spoiled::Failed(_)) if returns => {}
            Some(_) => return Err(in_failed_transaction()),
            None => {}
        }
        let inside = self.transaction != Progress::None;
        let controls = if batch {
            script.controls && (inside || script.several)
        } else {
            inside && script.first.controls()
        };
        if !controls {
            return Ok(());
        }
        let fault = Fault::new(
            Class::Statement,
            Step::Statement,
            if inside {
                "BEGIN, COMMIT and ROLLBACK are not statements for use inside a transaction"
            } else {
                "BEGIN, COMMIT and ROLLBACK are not statements for use in a batch, which is a transaction itself"
            },
        )
        .with_code("25001")
        .with_remedy("begin and end the transaction by its own functions, or use SAVEPOINT for a part of it");
        self.note(script, Some(&fault));
        Err(fault)
    }

    /// Notes how a statement ended, where the server does not know or would not say.
    pub(super) fn note(&mut self, script: Script, fault: Option<&Fault>) {
        if self.transaction == Progress::None {
            return;
        }
        let known = self.observed.status() == TransactionStatus::Failed || self.spoiled.is_some();
        match fault {
            Some(fault) if !known => self.spoiled = Some(Spoiled::Failed(fault.clone())),
            None if self.spoiled.is_some() && script.first == Kind::ReturningToSavepoint => {
                self.spoiled = None
            }
            Some(_) | None => {}
        }
    }

    /// Why a transaction that was to be committed has failed, if it has.
    pub(super) fn failure(&mut self) -> Option<Fault> {
        match self.spoiled.take() {
            Some(Spoiled::Dropped) => Some(rolled_back("a call in it was dropped before its end")),
            Some(Spoiled::Failed(fault)) => {
                Some(rolled_back(&format!("a statement in it had failed: {}", fault.summary())))
            }
            None if self.observed.status() == TransactionStatus::Failed => Some(self.rolled_back_by_server()),
            None => None,
        }
    }

    /// The fault of a COMMIT that the server answered, or would answer, by a rollback.
    pub(super) fn rolled_back_by_server(&self) -> Fault {
        match self.observed.last_error() {
            Some(error) => {
                rolled_back(&format!("a statement in it had failed: {}", error.message)).with_code(error.code)
            }
            None => Fault::new(Class::RolledBack, Step::Commit, "the server answered COMMIT by a rollback")
                .with_remedy(REMEDY),
        }
    }
}

const REMEDY: &str = "nothing was stored: handle the statement's error, or use a savepoint around it";

fn rolled_back(cause: &str) -> Fault {
    Fault::new(Class::RolledBack, Step::Commit, format!("the transaction was rolled back, for {cause}"))
        .with_code("25P02")
        .with_remedy(REMEDY)
}

/// In the server's own manner.
fn in_failed_transaction() -> Fault {
    Fault::new(
        Class::RolledBack,
        Step::Statement,
        "an earlier call of this transaction failed or was dropped, so that it can only be rolled back",
    )
    .with_code("25P02")
    .with_remedy("look at the fault of the first statement that failed; roll back and begin again")
}

/// A stale prepared statement has cost the transaction; the next try prepares it anew.
pub(super) fn again(stale: &Fault) -> Fault {
    let fault = Fault::new(Class::Conflict, Step::Statement, stale.summary())
        .with_remedy("a prepared statement was out of date and has been given up: run the transaction again");
    match stale.code() {
        Some(code) => fault.with_code(code),
        None => fault,
    }
}
