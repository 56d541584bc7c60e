//! The most delicate moment: COMMIT is on its way.

use tokio::sync::oneshot;

use crate::backend::BackendLease;
use crate::error::Fault;
use crate::sql::{Access, Isolation, SqlConnection, TransactionOptions};
use crate::tasks;
use crate::time::{Duration, Instant, timeout_at};
use crate::verdict::{Class, Step};

/// Commits and gives the connection back. `Ok`: committed and acknowledged. A fault whose outcome is unknown:
/// perhaps. Every other fault: not.
///
/// # Cancel safety
/// A COMMIT that writes goes on in a task of its own when this future is dropped: its outcome is logged, and
/// the connection comes back to the pool clean.
pub(crate) async fn commit(
    lease: BackendLease,
    options: TransactionOptions,
    deadline: Instant,
) -> Result<(), Fault> {
    if options.access == Access::ReadOnly {
        return end_reading(lease, options, deadline).await;
    }
    let (sender, receiver) = oneshot::channel();
    let deadline = deadline.max(Instant::now() + PATIENCE);
    tasks::spawn("transaction: commit", async move {
        let mut lease = lease;
        let result = timeout_at(deadline, lease.commit())
            .await
            .unwrap_or_else(|_| Err(unanswered("no answer to COMMIT in time").with_unknown_outcome()));
        if let Err(fault) = &result {
            lease.judge(fault);
        }
        // Back to the pool before the caller goes on: its next statement may need it.
        drop(lease);
        if let Err(result) = sender.send(result) {
            match result {
                Ok(()) => tracing::info!("committed after the caller had gone away"),
                Err(fault) => tracing::warn!(%fault, "commit failed after the caller had gone away"),
            }
        }
    });
    receiver
        .await
        .unwrap_or_else(|_| Err(unanswered("the task that was committing ended").with_unknown_outcome()))
}

/// Ends a transaction that cannot have written anything. Only a serializable one can still fail: its reads
/// are valid only once it has committed (PostgreSQL manual, 13.2.3). Of any other the answer does not matter.
async fn end_reading(
    mut lease: BackendLease,
    options: TransactionOptions,
    deadline: Instant,
) -> Result<(), Fault> {
    let result = timeout_at(deadline, lease.commit())
        .await
        .unwrap_or_else(|_| Err(unanswered("no answer to COMMIT in time")));
    let Err(fault) = result else { return Ok(()) };
    lease.judge(&fault);
    match options.isolation {
        Some(Isolation::Serializable) => Err(fault.with_known_outcome()),
        Some(Isolation::ReadCommitted | Isolation::RepeatableRead) | None => Ok(()),
    }
}

fn unanswered(what: &str) -> Fault {
    Fault::new(Class::ConnectionLost, Step::Commit, what)
}

/// COMMIT gets at least this long, whatever is left of the deadline: giving up early gains nothing and costs
/// the outcome.
const PATIENCE: Duration = Duration::from_secs(5);
