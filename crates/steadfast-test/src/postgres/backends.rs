//! What the server says about its clients.

use super::server::Postgres;
use crate::error::{Error, must};

/// The client sessions of a server, counted by what they do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Backends {
    /// All of them.
    pub total: usize,
    /// Running a statement.
    pub active: usize,
    /// Waiting for a statement, with no transaction open.
    pub idle: usize,
    /// Waiting for a statement, with a transaction open, failed or not.
    pub idle_in_transaction: usize,
    /// Their process ids on the server, oldest first.
    pub pids: Vec<u32>,
}

impl Postgres {
    /// The sessions with this `application_name`.
    pub async fn backends(&self, application_name: &str) -> Backends {
        let name = application_name.replace('\'', "''");
        must(self.count(&format!("application_name = '{name}'")).await)
    }

    /// The sessions of all clients but the kit's own.
    pub async fn all_backends(&self) -> Backends {
        must(self.count("backend_type = 'client backend'").await)
    }

    async fn count(&self, which: &str) -> Result<Backends, Error> {
        let sql = format!(
            "SELECT pid, coalesce(state, '') FROM pg_stat_activity \
             WHERE pid <> pg_backend_pid() AND {which} ORDER BY backend_start, pid"
        );
        let mut found = Backends::default();
        for line in self.try_psql(&sql).await?.lines() {
            let unexpected = || Error::new(format!("pg_stat_activity answered {line:?}"));
            let (pid, state) = line.split_once('|').ok_or_else(unexpected)?;
            found.pids.push(pid.parse().map_err(|_not_a_number| unexpected())?);
            found.total += 1;
            match state {
                "active" | "fastpath function call" => found.active += 1,
                "idle" => found.idle += 1,
                "idle in transaction" | "idle in transaction (aborted)" => found.idle_in_transaction += 1,
                // Just connected, or not tracked.
                _ => {}
            }
        }
        Ok(found)
    }
}
