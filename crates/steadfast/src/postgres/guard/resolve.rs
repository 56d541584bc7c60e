//! Asking until there is an answer.

use crate::error::Fault;
use crate::outcome::{Doubt, Outcome, XidTicket};
use crate::postgres::connection::PostgresConnection;
use crate::sql::Settled;
use crate::time::{Duration, Instant, sleep, timeout_at};
use crate::verdict::{Class, Step};

use super::judge::{Before, Ruling, judge};
use super::look::{Sighting, look, terminate};

impl PostgresConnection {
    /// Finds out what became of a transaction, on this connection, by the deadline. A transaction that is still in
    /// progress is ended, when `may_end` says so.
    ///
    /// # Errors
    /// This connection cannot tell: it was lost, or leads to a server that cannot know. Another one may.
    ///
    /// # Cancel safety
    /// Nothing is left behind; a transaction that was to be ended may have been.
    pub(crate) async fn settle_xid(
        &mut self,
        ticket: &XidTicket,
        may_end: bool,
        deadline: Instant,
    ) -> Result<Settled, Fault> {
        self.settle(Step::Statement).await?;
        self.in_call = true;
        let result = self.ask_until(ticket, may_end, deadline).await;
        // A confirmation that was given up still waits for its standby: the pool ends it, and nobody waits for that.
        if !matches!(&result, Ok(settled) if settled.outcome == Outcome::Committed { durable: false }) {
            self.leave().await;
        }
        result
    }

    async fn ask_until(
        &self,
        ticket: &XidTicket,
        may_end: bool,
        deadline: Instant,
    ) -> Result<Settled, Fault> {
        let began = Instant::now();
        let mut before = Before { may_end, ..Before::default() };
        let mut ended = false;
        let mut pause = FIRST_PAUSE;
        loop {
            before.asking_for = began.elapsed();
            let seen = look(&self.line, ticket).await.map_err(|failure| self.fault(failure, Step::Settle))?;
            let doubt = match judge(ticket, &seen, before) {
                Ruling::Settled(Outcome::Committed { .. }) => {
                    let durable = self.confirm(deadline).await?;
                    return Ok(Settled { outcome: Outcome::Committed { durable }, ended });
                }
                Ruling::Settled(outcome) => return Ok(Settled { outcome, ended }),
                Ruling::AskElsewhere(doubt) => return Err(elsewhere(doubt)),
                Ruling::Wait(doubt) => doubt,
                Ruling::Terminate => {
                    ended |= terminate(&self.line, ticket)
                        .await
                        .map_err(|failure| self.fault(failure, Step::Settle))?;
                    pause = FIRST_PAUSE;
                    Doubt::StillRunning
                }
            };
            before.absent = seen.sighting == Sighting::Absent;
            if Instant::now() + pause >= deadline {
                return Ok(Settled { outcome: Outcome::Unknown(doubt), ended });
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Makes certain that a commit survives: a commit of our own that waits for the disk, and for the synchronous
    /// standbys if there are any, comes behind it in the log. False when that takes too long.
    async fn confirm(&self, deadline: Instant) -> Result<bool, Fault> {
        let limit = deadline.min(Instant::now() + CONFIRM_WITHIN);
        match timeout_at(limit, self.line.run(CONFIRM)).await {
            Ok(Ok(())) => Ok(true),
            Ok(Err(failure)) if self.observed.is_over() => Err(self.fault(failure, Step::Settle)),
            Ok(Err(failure)) => {
                let fault = self.fault(failure, Step::Settle);
                tracing::debug!(error = %fault, "a commit could not be confirmed to be durable");
                Ok(false)
            }
            Err(_) => Ok(false),
        }
    }
}

fn elsewhere(doubt: Doubt) -> Fault {
    Fault::new(Class::ReadOnlyServer, Step::Settle, "this server cannot tell what became of the transaction")
        .with_remedy("list all servers of the cluster as hosts, with target_session_attrs=primary")
        .with_doubt(doubt)
}

const CONFIRM: &str = "BEGIN READ WRITE; SET LOCAL synchronous_commit = on; \
    SELECT pg_catalog.pg_logical_emit_message(true, 'steadfast', ''::text); COMMIT";

/// A synchronous standby that is away would hold it up for ever.
const CONFIRM_WITHIN: Duration = Duration::from_secs(1);

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
