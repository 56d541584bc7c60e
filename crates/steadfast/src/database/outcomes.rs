//! What became of transactions whose COMMIT was not answered.

use jiff::Timestamp;

use super::Database;
use crate::error::{Error, Fault};
use crate::outcome::{Outcome, Ticket};
use crate::sql::{Guard, TransactionOptions, marker};
use crate::time::Instant;
use crate::transaction::{Settling, settle};

impl Database {
    /// Finds out what became of a transaction by the [`ticket`](crate::Error::ticket) of its error. May be asked any
    /// number of times, by any process that reaches the same database as the same role.
    ///
    /// A transaction that is still in progress is ended, so that "not committed" is final: whoever asks has no use for
    /// it any more. `deadline` `None`: the pool's `acquire_timeout` from now.
    ///
    /// # Cancel safety
    /// Safe; what was to be ended may have been.
    pub async fn resolve(&self, ticket: &Ticket, deadline: Option<Instant>) -> Outcome {
        self.ask(ticket, deadline, true).await
    }

    /// As [`resolve`](Self::resolve), and ends nothing: a transaction that is still in progress is
    /// [`StillRunning`](crate::outcome::Doubt::StillRunning). For tickets that came from outside. The ticket of a
    /// [`Guard::Marker`] is made final in any case.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn look_up(&self, ticket: &Ticket, deadline: Option<Instant>) -> Outcome {
        self.ask(ticket, deadline, false).await
    }

    /// Makes the table that [`Guard::Marker`] needs, unless it is there.
    ///
    /// # Errors
    /// The role may not create tables, or the database cannot be reached.
    ///
    /// # Cancel safety
    /// The table is there, or not.
    pub async fn prepare_outcomes(&self, deadline: Option<Instant>) -> Result<(), Error> {
        let options = TransactionOptions::read_write().guard(Guard::Off);
        self.transaction(options, deadline, async |tx| {
            let dialect = self.backend.marker();
            if let Some(lock) = dialect.lock {
                tx.batch(lock).await?;
            }
            tx.batch(dialect.create).await
        })
        .await
    }

    /// Forgets the markers of transactions that began before a moment, and gives how many there were. Their outcome can
    /// be asked for no longer: it is [`TooOld`](crate::outcome::Doubt::TooOld). Call it now and then, with a moment
    /// before which nobody will ask.
    ///
    /// # Errors
    /// The fault; nothing was forgotten then.
    ///
    /// # Cancel safety
    /// They are forgotten, or not.
    pub async fn forget_outcomes(&self, before: Timestamp, deadline: Option<Instant>) -> Result<u64, Error> {
        let horizon = marker::horizon(u64::try_from(before.as_millisecond()).unwrap_or(0));
        let deadline = deadline.unwrap_or_else(|| self.backend.acquire_deadline());
        let mut lease = self.backend.acquire_until(deadline).await?;
        let pruned = crate::time::timeout_at(deadline, marker::prune(&mut lease, horizon)).await;
        let pruned = pruned.unwrap_or_else(|_| Err(timed_out()));
        pruned.map_err(|fault| {
            lease.judge(&fault);
            fault.into()
        })
    }

    async fn ask(&self, ticket: &Ticket, deadline: Option<Instant>, may_end: bool) -> Outcome {
        let settling = Settling { backend: &self.backend, observers: &self.observers, may_end };
        settle(&settling, ticket, deadline.unwrap_or_else(|| self.backend.acquire_deadline())).await
    }
}

fn timed_out() -> Fault {
    use crate::verdict::{Class, Step};
    Fault::new(Class::Timeout, Step::Statement, "the deadline passed while old outcomes were being removed")
        .with_remedy("repeat it; removing the same rows twice does no harm")
}
