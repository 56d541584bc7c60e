//! Brings a connection back to the state in which it was opened, and ends one properly.

use std::sync::atomic::Ordering;

use steadfast_wire::TransactionStatus;

use crate::error::Fault;
use crate::time::{Duration, Instant, timeout};
use crate::verdict::Step;

use super::connection::PostgresConnection;
use super::fault;
use super::hosts::is_read_only;
use super::misplaced::misplaced;
use super::transaction::Progress;

/// What may be on its way when a connection comes back: an answer that the caller did not wait for. A
/// cancel request would cost more than waiting for it.
const ON_ITS_WAY: Duration = Duration::from_millis(2);

/// A cancel request can miss: it arrives between two statements of a batch, or before the first.
const CANCEL_AGAIN: Duration = Duration::from_millis(100);

/// All that DISCARD ALL does, except for what would cost the prepared statements.
const RESET: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
    SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

/// Forgets what was prepared by SQL. Those of the protocol, ours and the client's, stay.
const DEALLOCATE: &str = "DO $$DECLARE s text; BEGIN FOR s IN SELECT name FROM pg_catalog.pg_prepared_statements \
    WHERE from_sql LOOP EXECUTE pg_catalog.format('DEALLOCATE %I', s); END LOOP; END$$";

impl PostgresConnection {
    /// Ends what still runs, rolls back, resets. The caller bounds it.
    ///
    /// # Errors
    /// The connection cannot be used again.
    ///
    /// # Cancel safety
    /// Dropped half-way, the connection is as dirty as it was, or cleaner.
    pub(super) async fn clean(&mut self) -> Result<(), Fault> {
        self.transaction = Progress::None;
        self.spoiled = None;
        self.bell.rested().await;
        self.finish_requests().await?;
        if self.observed.status() != TransactionStatus::Idle {
            self.command("ROLLBACK", Step::Clean).await?;
        }
        if self.observed.traces().are_there() {
            if self.observed.traces().have_prepared() {
                self.command(DEALLOCATE, Step::Clean).await?;
            }
            self.command(RESET, Step::Clean).await?;
            self.learn(Step::Clean).await?;
            self.observed.forgive();
        }
        if let Some(refusal) = self.observed.refusal() {
            if self.expects_writes() && is_read_only(self).await? {
                self.observed.catalogue().refused();
                return Err(self.misplaced(&refusal));
            }
            self.observed.forget_refusal();
        }
        self.in_call = false;
        self.lent.store(false, Ordering::Release);
        Ok(())
    }

    /// Ends what still runs, by a cancel request when it does not end by itself at once.
    pub(super) async fn finish_requests(&self) -> Result<(), Fault> {
        if timeout(ON_ITS_WAY, self.observed.quiet()).await.is_err() {
            loop {
                // To its end, even if the answer comes first: a cancel still under way would hit whatever
                // this connection does next.
                self.route.cancel(&self.observed).await?;
                if timeout(CANCEL_AGAIN, self.observed.quiet()).await.is_ok() {
                    break;
                }
            }
        }
        match self.refusal(Step::Clean) {
            Some(lost) => Err(lost),
            None => Ok(()),
        }
    }

    /// Finds out what functions of the database do, when that is not known or was found out long ago, and nobody
    /// else is at it. To be called before anybody uses the session, or just before it is forgiven.
    ///
    /// # Errors
    /// The connection cannot be used again.
    pub(super) async fn learn(&self, step: Step) -> Result<(), Fault> {
        let catalogue = self.observed.catalogue();
        if let Some(turn) = catalogue.turn(Instant::now()) {
            catalogue.ask(&self.line, turn).await.map_err(|failure| self.fault(failure, step))?;
            self.observed.quiet().await;
            self.observed.forgive();
        }
        Ok(())
    }

    /// Says goodbye. A request that still runs is cancelled, so that the server does not go on with it.
    pub(super) async fn end(self) {
        let Self { line, client, mut driver, observed, bell, route, .. } = self;
        if observed.is_over() {
            return;
        }
        bell.rested().await;
        if observed.is_busy() && timeout(ON_ITS_WAY, observed.quiet()).await.is_err() {
            // Whether it arrives or not: this connection ends here.
            drop(route.cancel(&observed).await);
        }
        // A client that was lent says goodbye itself when it goes.
        if client.into_inner().is_none() {
            line.terminate();
        }
        driver.ended().await;
    }

    /// One round trip.
    ///
    /// # Errors
    /// The connection is of no use any more.
    pub(super) async fn ping(&self) -> Result<(), Fault> {
        self.line.ping().await.map_err(|failure| {
            fault::from_failure(failure, Step::Ping, &self.observed, self.circumstances())
        })?;
        // Behind the round trip, with which the server reports what it has become.
        if self.observed.is_from_before_a_refusal() && self.expects_writes() && is_read_only(self).await? {
            return Err(misplaced(&self.server));
        }
        Ok(())
    }
}
