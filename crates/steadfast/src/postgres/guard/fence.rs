//! Ghosts: a connection is lost here, and the server goes on with what it was doing for it, locks and all.

use crate::error::Fault;
use crate::postgres::connection::PostgresConnection;
use crate::postgres::line::Failure;
use crate::sql::Value;
use crate::time::{Duration, Instant, sleep};
use crate::verdict::Step;

/// The process that served a lost connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ghost {
    process: u32,
    started: i64,
}

impl PostgresConnection {
    /// Who serves this connection; `None` when that cannot be told, as behind a pooler.
    pub(crate) fn ghost(&self) -> Option<Ghost> {
        let (process, started) = self.guarding.process()?;
        Some(Ghost { process, started })
    }

    /// Ends a ghost, and waits a moment until it is gone, so that it holds no lock which the next try needs. True when
    /// there was one.
    ///
    /// # Errors
    /// This connection was lost, or the role may not.
    pub(crate) async fn lay(&mut self, ghost: Ghost) -> Result<bool, Fault> {
        self.settle(Step::Statement).await?;
        self.in_call = true;
        let result = self.end_ghost(ghost).await.map_err(|error| self.fault(error, Step::Statement));
        self.leave().await;
        result
    }

    async fn end_ghost(&self, ghost: Ghost) -> Result<bool, Failure> {
        let until = Instant::now() + PATIENCE;
        let params = [Value::Int(ghost.process.into()), Value::Int(ghost.started)];
        let mut there = false;
        let mut pause = Duration::from_millis(1);
        while !self.line.ask(END, &params).await?.is_empty() {
            there = true;
            if Instant::now() + pause >= until {
                break;
            }
            sleep(pause).await;
            pause *= 2;
        }
        Ok(there)
    }
}

const END: &str = "SELECT pg_catalog.pg_terminate_backend(a.pid) \
    FROM pg_catalog.pg_stat_get_activity($1::int4) a WHERE a.pid = $1::int4 \
    AND (extract(epoch FROM a.backend_start) * 1000000)::int8 = $2::int8";

/// The next try does not depend on it; it may only have to wait for a lock.
const PATIENCE: Duration = Duration::from_millis(500);
