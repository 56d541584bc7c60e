//! The most delicate request, and the one answer that means success.

use crate::error::Fault;
use crate::verdict::{Class, Step};

use super::connection::PostgresConnection;
use super::signs::Command;
use super::transaction::Progress;

impl PostgresConnection {
    /// Sends COMMIT and judges the answer. A fault is of unknown outcome when COMMIT has left and no answer came;
    /// what it was answered by counts, not that it was (COMMIT of a failed transaction is answered by ROLLBACK and no
    /// error: PostgreSQL manual, COMMIT).
    pub(super) async fn send_commit(&mut self) -> Result<(), Fault> {
        self.in_call = true;
        self.transaction = Progress::Committing;
        let sent = self.observed.sent();
        let outcome = self.client.batch_execute("COMMIT").await;
        self.leave().await;
        self.transaction = Progress::None;
        if let Err(error) = outcome {
            return Err(self.unless_answered(self.fault(error, Step::Commit), sent));
        }
        match self.observed.command() {
            Command::Commit => Ok(()),
            Command::Rollback => Err(self.rolled_back_by_server()),
            Command::Other => Err(Fault::new(
                Class::ConnectionLost,
                Step::Commit,
                "COMMIT was answered by something that is neither a commit nor a rollback",
            )
            .with_remedy("a proxy in between rewrites statements: look up whether the change is there")
            .with_unknown_outcome()),
        }
    }
}
