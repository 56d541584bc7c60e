//! A second server that follows the first.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::process::Command;

use super::builder::{setting_line, start_on_a_free_port};
use super::server::Postgres;
use super::template::run;
use crate::error::{Error, must};
use crate::eventually::holds_within;
use crate::port::ReservedPort;
use crate::watchdog::Watchdog;
use crate::workspace;

/// How long following, or taking over, may take.
const WITHIN: Duration = Duration::from_secs(60);

impl Postgres {
    /// Makes a streaming replica of this server, which answers reads when this returns.
    ///
    /// For synchronous replication its name is `standby`: `set("synchronous_standby_names", "standby")`.
    pub async fn standby(&self) -> Self {
        self.standby_through(self.addr()).await
    }

    /// As [`standby`](Self::standby), following by way of another address, such as a relay's.
    pub async fn standby_through(&self, addr: SocketAddr) -> Self {
        must(self.make_standby(addr).await)
    }

    /// Ends following and becomes a primary on a timeline of its own. Returns when it takes writes.
    pub async fn promote(&self) {
        let answer = self.psql(&format!("SELECT pg_promote(true, {})", WITHIN.as_secs())).await;
        if answer != "t" {
            must(Err(Error::new(format!("the standby was not promoted; its log:\n{}", self.log()))))
        }
    }

    /// Whether this server follows another.
    pub async fn is_standby(&self) -> bool {
        self.psql("SELECT pg_is_in_recovery()").await == "t"
    }

    /// Waits until this standby has applied everything that `primary` has written by now.
    pub async fn wait_until_caught_up_with(&self, primary: &Self) {
        let position = primary.psql("SELECT pg_current_wal_lsn()").await;
        let sql = format!("SELECT coalesce(pg_last_wal_replay_lsn() >= '{position}', false)");
        if !holds_within(WITHIN, async || self.psql(&sql).await == "t").await {
            let story = format!("the standby has not reached {position} within {WITHIN:?}:\n{}", self.log());
            must(Err(Error::new(story)))
        }
    }

    async fn make_standby(&self, addr: SocketAddr) -> Result<Self, Error> {
        let directory = workspace::fresh("pg")?;
        let watchdog = Watchdog::of_server(&directory)?;
        workspace::set_mode(&directory, 0o700)?;
        self.account().own(&directory)?;
        let data = directory.join("data");
        let mut backup = Command::new(self.binaries().program("pg_basebackup"));
        backup.arg("-h").arg(self.directory()).args(["-p", &self.port().to_string(), "-U", "postgres"]);
        backup.arg("-D").arg(&data).args(["-X", "stream", "-c", "fast", "--no-sync"]);
        run(&mut backup, self.account(), "").await?;
        let follow = format!(
            "host={} port={} user=postgres application_name=standby connect_timeout=5",
            addr.ip(),
            addr.port()
        );
        for (file, text) in [
            ("standby.signal", String::new()),
            ("postgresql.auto.conf", setting_line("primary_conninfo", &follow) + "\n"),
        ] {
            let path = data.join(file);
            std::fs::write(&path, text)
                .map_err(|cause| Error::system(format_args!("writing {}", path.display()), cause))?;
            self.account().own(&path)?;
        }
        let password = self.password().map(str::to_owned);
        let port = ReservedPort::choose()?;
        let standby = Self::new(self.binaries().clone(), self.account(), directory, port, watchdog, password);
        start_on_a_free_port(standby).await
    }
}
