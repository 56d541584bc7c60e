//! What can happen to a server, on purpose.

use std::collections::BTreeSet;
use std::time::Duration;

use super::reach;
use super::server::Postgres;
use crate::error::{Error, must};
use crate::eventually::holds_within;
use crate::system::{self, Signal};

/// A stop that takes longer has failed.
const STOP_WITHIN: Duration = Duration::from_secs(60);
/// How long the processes below a killed postmaster may take to notice. They do within milliseconds.
const ORPHANS_END_WITHIN: Duration = Duration::from_secs(20);
/// How long a server may take to answer, or to read its configuration again.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How a server is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Refuses new connections and waits until all clients have gone.
    Smart,
    /// Ends all sessions (57P01) and shuts down cleanly.
    Fast,
    /// Ends all processes at once (57P02); the next start recovers from the log.
    Immediate,
}

impl Postgres {
    /// Stops the server and returns when its process has ended.
    pub async fn stop(&self, mode: Mode) {
        self.begin_stop(mode);
        must(self.reap(STOP_WITHIN).await);
    }

    /// Asks the server to stop, without waiting: [`Mode::Smart`] takes as long as there are clients.
    pub fn begin_stop(&self, mode: Mode) {
        let signal = match mode {
            Mode::Smart => Signal::TERM,
            Mode::Fast => Signal::INT,
            Mode::Immediate => Signal::QUIT,
        };
        must(system::send(self.pid(), signal));
    }

    /// Waits for the end of a server that was told to stop.
    pub async fn wait_until_stopped(&self, within: Duration) {
        must(self.reap(within).await);
    }

    /// Starts a stopped server: same data, same port. Returns when it accepts connections.
    pub async fn start_again(&self) {
        must(self.launch().await);
    }

    /// Stops and starts.
    pub async fn restart(&self, mode: Mode) {
        self.stop(mode).await;
        self.start_again().await;
    }

    /// Kills the postmaster as the kernel does when memory runs out, and returns when all of its processes
    /// are gone. The next start recovers from the log.
    pub async fn kill_9_postmaster(&self) {
        let pid = self.pid();
        let below = system::children(pid);
        must(system::send(pid, Signal::KILL));
        must(self.reap(STOP_WITHIN).await);
        // They may have been paused, and then would never notice.
        for child in &below {
            let _gone_already = system::send(*child, Signal::CONT);
        }
        let ended =
            holds_within(ORPHANS_END_WITHIN, async || !below.iter().any(|child| system::is_alive(*child)));
        if !ended.await {
            must(Err(Error::new("processes of a killed server are still there")))
        }
    }

    /// Kills one server process, as a crash in it would. The postmaster then ends all other sessions (57P02),
    /// recovers, and serves again within the same process; [`wait_until_accepts`](Self::wait_until_accepts)
    /// sees the end of that.
    pub fn kill_9_backend(&self, pid: u32) {
        if !system::children(self.pid()).contains(&pid) {
            must(Err(Error::new(format!("{pid} is not a process of this server"))))
        }
        must(system::send(pid, Signal::KILL));
    }

    /// Stops all processes of the server where they are: sockets stay open, the kernel goes on acknowledging,
    /// nobody answers.
    pub fn pause(&self) {
        let postmaster = self.pid();
        // The postmaster first: it must not start processes while its processes are being stopped.
        must(system::send(postmaster, Signal::STOP));
        let mut stopped = BTreeSet::new();
        loop {
            let below: BTreeSet<u32> = system::children(postmaster).into_iter().collect();
            if below.is_subset(&stopped) {
                return;
            }
            for child in below {
                // One that ended by itself meanwhile needs no stopping.
                let _gone_already = system::send(child, Signal::STOP);
                stopped.insert(child);
            }
        }
    }

    /// Undoes [`pause`](Self::pause).
    pub fn resume(&self) {
        let postmaster = self.pid();
        for child in system::children(postmaster) {
            let _gone_already = system::send(child, Signal::CONT);
        }
        must(system::send(postmaster, Signal::CONT));
    }

    /// Ends all client sessions (57P01), and returns how many there were.
    pub async fn terminate_all_backends(&self) -> usize {
        self.terminate("backend_type = 'client backend'").await
    }

    /// Ends the client sessions with this `application_name`, and returns how many there were.
    pub async fn terminate_backends(&self, application_name: &str) -> usize {
        let name = application_name.replace('\'', "''");
        self.terminate(&format!("application_name = '{name}'")).await
    }

    /// Changes a setting for good and returns when the server has read it. Settings that need a restart take
    /// effect at the next one.
    pub async fn set(&self, name: &str, value: &str) {
        self.alter_system(&format!("SET {name} = '{}'", value.replace('\'', "''"))).await;
    }

    /// Takes back what [`set`](Self::set) did.
    pub async fn reset(&self, name: &str) {
        self.alter_system(&format!("RESET {name}")).await;
    }

    /// Whether a client would be let as far as the log-in now. One try, bounded by a second.
    pub async fn accepts(&self) -> bool {
        reach::accepts(self.addr()).await
    }

    /// Waits until the server lets clients in, for instance after a crash of a backend.
    pub async fn wait_until_accepts(&self) {
        if !holds_within(ANSWER_WITHIN, async || self.accepts().await).await {
            let story =
                format!("the server lets nobody in within {ANSWER_WITHIN:?}; its log:\n{}", self.log());
            must(Err(Error::new(story)))
        }
    }

    async fn terminate(&self, which: &str) -> usize {
        let sql = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE pid <> pg_backend_pid() AND {which}"
        );
        self.psql(&sql).await.parse().unwrap_or_default()
    }

    async fn alter_system(&self, change: &str) {
        const LOADED: &str = "SELECT extract(epoch FROM pg_conf_load_time())";
        let before = self.psql(LOADED).await;
        self.psql(&format!("ALTER SYSTEM {change}")).await;
        self.psql("SELECT pg_reload_conf()").await;
        // Every new session starts with what the postmaster has read last.
        if !holds_within(ANSWER_WITHIN, async || self.psql(LOADED).await != before).await {
            must(Err(Error::new(format!(
                "the server has not read its configuration within {ANSWER_WITHIN:?}"
            ))))
        }
    }
}
