//! Whether the database can be reached, now or within a schedule.

use super::Database;
use crate::error::{AcquireError, AcquireFailure, Error, Fault};
use crate::pool::Reachability;
use crate::retry::Backoff;
use crate::sql::SqlConnection;
use crate::time::{Duration, Instant, sleep, timeout_at};
use crate::verdict::{Class, Step};

/// What a successful [`Database::probe`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// How long the statement took.
    pub took: Duration,
    /// The server's version as it says it itself, or SQLite's.
    pub server_version: String,
}

/// A failed try of [`Database::wait_until_reachable`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FailedTry {
    /// Counted from one.
    pub number: u32,
    /// Why it failed.
    pub error: Error,
    /// How long the next one waits at most; it begins at once when the database answers before that.
    pub next_within: Duration,
}

impl Database {
    /// Proves that the database answers: one connection, one statement.
    ///
    /// # Errors
    /// Why it does not, by the deadline.
    pub async fn probe(&self, deadline: Instant) -> Result<Probe, Error> {
        let mut lease = self.backend.acquire_until(deadline).await?;
        let started = Instant::now();
        let answer = timeout_at(deadline, lease.query("SELECT 1", &[])).await;
        let fault = match answer {
            Ok(Ok(_)) => {
                return Ok(Probe { took: started.elapsed(), server_version: lease.server_version() });
            }
            Ok(Err(fault)) => fault,
            Err(_) => Fault::new(Class::ConnectionLost, Step::Statement, "no answer to SELECT 1 in time"),
        };
        lease.judge(&fault);
        Err(fault.into())
    }

    /// Waits for a database that starts later than this program. Each failed try is reported with its cause; the next
    /// one begins after the schedule's delay, or at once when the database answers before.
    ///
    /// # Errors
    /// The last try's error when the schedule is over, or a permanent one at once.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn wait_until_reachable(
        &self,
        schedule: Backoff,
        mut report: impl FnMut(&FailedTry) + Send,
    ) -> Result<(), Error> {
        let Err(mut error) = self.first_try().await else {
            return Ok(());
        };
        for (number, next_within) in (1..).zip(schedule) {
            if is_permanent(&error) {
                return Err(error.into());
            }
            report(&FailedTry { number, error: error.clone().into(), next_within });
            match self.backend.acquire_until(Instant::now() + next_within).await {
                Ok(_lease) => return Ok(()),
                Err(next) => error = next,
            }
        }
        Err(error.into())
    }

    /// One try to get a connection: ends with the pool's first failure to open one, where `acquire` would go
    /// on waiting.
    async fn first_try(&self) -> Result<(), AcquireError> {
        let started = Instant::now();
        let failed = async {
            loop {
                if let Reachability::Unreachable { fault, .. } = self.status().reachability {
                    return fault;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            biased;
            lease = self.backend.acquire_until(self.backend.connect_deadline()) => lease.map(drop),
            fault = failed => Err(AcquireError::connecting_failed(fault, started.elapsed())),
        }
    }
}

fn is_permanent(error: &AcquireError) -> bool {
    matches!(error.failure, AcquireFailure::Permanent | AcquireFailure::Closed)
        || error.last_connect().is_some_and(|fault| fault.class() == Class::Permanent)
}
