//! The most delicate moment: COMMIT is on its way.
//!
//! # Implementation details
//! COMMIT runs in a task of its own, so that nothing a caller does can leave it half asked. When its answer is lost the
//! same task finds out the outcome over another connection, and when the caller's time is over it goes on asking for a
//! while, for the sake of whoever reads the events.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::settling::{Settling, settle};
use super::vigil::watched;
use crate::backend::{Backend, BackendLease};
use crate::error::Fault;
use crate::event::{Event, Observer};
use crate::outcome::{Doubt, Outcome};
use crate::sql::{Access, Isolation, SqlConnection, TransactionOptions};
use crate::tasks;
use crate::time::{Duration, Instant, timeout_at};
use crate::verdict::{Class, Step};

/// Commits and gives the connection back. `Ok`: committed, as acknowledged or found out. A fault whose outcome is
/// unknown: perhaps; it carries a ticket where there is one. Every other fault: not.
///
/// # Cancel safety
/// A COMMIT that writes goes on in a task of its own when this future is dropped: its outcome becomes an event, and
/// the connection comes back to the pool clean.
pub(crate) async fn commit(
    lease: BackendLease,
    options: TransactionOptions,
    deadline: Instant,
    backend: &Backend,
    observers: &Arc<[Arc<dyn Observer>]>,
) -> Result<(), Fault> {
    if options.access == Access::ReadOnly {
        return end_reading(lease, options, deadline, backend).await;
    }
    let (sender, receiver) = oneshot::channel();
    let committing = Committing {
        backend: backend.clone(),
        observers: Arc::clone(observers),
        deadline: deadline.max(Instant::now() + PATIENCE),
    };
    tasks::spawn("transaction: commit", committing.run(lease, sender));
    receiver
        .await
        .unwrap_or_else(|_| Err(unanswered("the task that was committing ended").with_unknown_outcome()))
}

/// A COMMIT under way.
struct Committing {
    backend: Backend,
    observers: Arc<[Arc<dyn Observer>]>,
    deadline: Instant,
}

impl Committing {
    async fn run(self, lease: BackendLease, caller: oneshot::Sender<Result<(), Fault>>) {
        match self.send(lease).await {
            // Boxed, so that the future of a commit is not as large as that of finding its outcome out.
            Err(fault) if fault.is_in_doubt() => Box::pin(self.find_out(fault, caller)).await,
            result => self.tell(caller, result),
        }
    }

    /// Finds out what became of a COMMIT whose answer is lost.
    async fn find_out(&self, fault: Fault, caller: oneshot::Sender<Result<(), Fault>>) {
        let began = Instant::now();
        let outcome = self.settle(&fault, began, self.deadline.max(began + AT_LEAST)).await;
        let again = matches!(&outcome, Outcome::Unknown(doubt) if doubt.may_clear_up());
        let ticket = fault.ticket().cloned();
        self.tell(caller, judged(outcome, fault.clone()));
        if again && ticket.is_some() {
            self.settle(&fault, began, Instant::now() + AFTERWARDS).await;
        }
    }

    /// Sends COMMIT, and gives up waiting when the server says that it is not at work on it.
    async fn send(&self, mut lease: BackendLease) -> Result<(), Fault> {
        let pulse = lease.pulse();
        let answer = timeout_at(self.deadline, watched(&self.backend, &pulse, pin!(lease.commit()))).await;
        let result = answer.unwrap_or_else(|_| Err(unanswered("no answer to COMMIT in time")));
        let result = result.map_err(|fault| lease.in_doubt(fault.in_step(Step::Commit)));
        match &result {
            Ok(()) if lease.take_unreplicated() => self.report(&Event::CommittedUnreplicated),
            Ok(()) => {}
            Err(fault) => lease.judge(fault),
        }
        // Back to the pool before the caller goes on: its next statement may need it.
        drop(lease);
        result
    }

    async fn settle(&self, fault: &Fault, began: Instant, until: Instant) -> Outcome {
        let outcome = match fault.ticket() {
            Some(ticket) => {
                let settling = Settling { backend: &self.backend, observers: &self.observers, may_end: true };
                settle(&settling, ticket, until).await
            }
            None => Outcome::Unknown(fault.doubt().cloned().unwrap_or_else(|| Doubt::NotNoted {
                reason: "the connection could not tell what it was doing".to_owned(),
            })),
        };
        self.report(&Event::OutcomeResolved { outcome: outcome.clone(), took: began.elapsed() });
        outcome
    }

    fn report(&self, event: &Event) {
        self.observers.iter().for_each(|observer| observer.observe(event));
    }

    fn tell(&self, caller: oneshot::Sender<Result<(), Fault>>, result: Result<(), Fault>) {
        match caller.send(result) {
            Ok(()) => {}
            Err(Ok(())) => tracing::info!("committed after the caller had gone away"),
            Err(Err(fault)) => tracing::warn!(%fault, "commit failed after the caller had gone away"),
        }
    }
}

/// What an outcome makes of the fault by which it came into doubt. A commit that a failover could still undo is not
/// reported as done: the server itself would not have acknowledged it yet.
fn judged(outcome: Outcome, fault: Fault) -> Result<(), Fault> {
    match outcome {
        Outcome::Committed { durable: true } => Ok(()),
        Outcome::Committed { durable: false } => Err(fault.with_doubt(Doubt::AwaitsReplication)),
        Outcome::NotCommitted => Err(fault.with_known_outcome()),
        Outcome::Unknown(doubt) => Err(fault.with_doubt(doubt)),
    }
}

/// Ends a transaction that cannot have written anything. Only a serializable one can still fail: its reads
/// are valid only once it has committed (PostgreSQL manual, 13.2.3). Of any other the answer does not matter.
async fn end_reading(
    mut lease: BackendLease,
    options: TransactionOptions,
    deadline: Instant,
    backend: &Backend,
) -> Result<(), Fault> {
    // Where it does not matter it is a ping, and nobody waits longer for it: the path may have gone silent.
    let limit = match options.isolation {
        Some(Isolation::Serializable) => deadline,
        Some(Isolation::ReadCommitted | Isolation::RepeatableRead) | None => {
            deadline.min(Instant::now() + backend.ping_timeout())
        }
    };
    let pulse = lease.pulse();
    let result = timeout_at(limit, watched(backend, &pulse, pin!(lease.commit())))
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

/// Finding out the outcome gets at least this long.
const AT_LEAST: Duration = Duration::from_secs(2);

/// An outcome that may clear up is asked for that much longer in the background.
const AFTERWARDS: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<A, B, C, F: Future>(_: impl Fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    /// It is moved several times on its way into a task. Once that was half of all instructions of a transaction.
    #[test]
    fn the_future_of_a_commit_holds_nothing_of_what_is_seldom() {
        let size = size_of_future(Committing::run);
        assert!(size < 4096, "{size} bytes");
    }
}
