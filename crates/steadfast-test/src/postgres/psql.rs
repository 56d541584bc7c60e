//! Asking the server past everything that is under test.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::server::Postgres;
use crate::error::{Error, must};

/// A statement that takes longer waits for something that will not happen.
const WITHIN: Duration = Duration::from_secs(60);

impl Postgres {
    /// Runs SQL as superuser in the database `steadfast` and returns what it printed: a line a row, columns
    /// separated by `|`, without headings.
    ///
    /// It comes by Unix socket, past any relay, and on one of the connections reserved for superusers when all
    /// others are taken. Several statements are one transaction.
    ///
    /// # Panics
    /// When the server reports an error or does not answer within a minute.
    pub async fn psql(&self, sql: &str) -> String {
        must(self.try_psql(sql).await)
    }

    /// As [`psql`](Self::psql), for statements that are expected to fail.
    ///
    /// # Errors
    /// What the server reported, with its SQLSTATE.
    pub async fn try_psql(&self, sql: &str) -> Result<String, Error> {
        let mut command = Command::new(self.binaries().program("psql"));
        self.account().prepare(&mut command);
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"]);
        command.arg("-h").arg(self.directory()).args(["-p", &self.port().to_string()]);
        command.args(["-U", "postgres", "-d", "steadfast", "-c", sql]);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = match tokio::time::timeout(WITHIN, command.output()).await {
            Ok(finished) => finished.map_err(|cause| Error::system("running psql", cause))?,
            Err(_elapsed) => return Err(Error::new(format!("no answer within {WITHIN:?} to: {sql}"))),
        };
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(format!("{}\nin: {sql}", said.trim())))
    }
}
