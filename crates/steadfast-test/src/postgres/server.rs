//! The server itself: a directory, a port, and most of the time a process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::account::Account;
use super::binaries::Binaries;
use super::builder::Builder;
use crate::error::{Error, must};
use crate::port::ReservedPort;
use crate::watchdog::Watchdog;

/// A start that takes longer has failed. Crash recovery of a test's data takes milliseconds.
const START_WITHIN: Duration = Duration::from_secs(60);
/// How much of the server's log an error shows.
const LOG_LINES_SHOWN: usize = 20;

/// A PostgreSQL server that belongs to one test.
///
/// It listens on 127.0.0.1 at a port of its own, which stays the same when the server is restarted. There is a
/// superuser `postgres` and an ordinary role `steadfast` with a database `steadfast` that it owns.
///
/// Dropped, or left behind by a test that panicked or was killed, it is shut down and its files are removed.
/// All methods take `&self`: several tasks may use it, though a server is started and stopped by one at a time.
///
/// # Panics
/// Every method panics when the server or the system does not do what was asked, saying what happened.
///
/// # Cancel safety
/// Dropping the future of an operation that starts or stops the server leaves the server in between; it is
/// still cleaned up in the end. All others may be dropped at any time.
#[derive(Debug)]
pub struct Postgres {
    binaries: Binaries,
    account: Account,
    directory: PathBuf,
    port: ReservedPort,
    password: Option<String>,
    /// The postmaster, while there is one. Taken out, not locked, by whoever waits for its end.
    postmaster: Mutex<Option<Child>>,
    /// Last, so that the directory is removed after all else.
    watchdog: Watchdog,
}

impl Postgres {
    /// A server with all defaults.
    ///
    /// # Panics
    /// When there is no PostgreSQL, or it does not start; the message says why and what to do.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// A server that is to differ from the default.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.port.address()
    }

    /// The TCP port, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The postmaster's process id.
    ///
    /// # Panics
    /// When the server is stopped.
    #[must_use]
    pub fn pid(&self) -> u32 {
        must(self.running_pid())
    }

    /// Whether there is a server process.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running_pid().is_ok_and(crate::system::is_alive)
    }

    /// The major version, such as 15.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.binaries.major()
    }

    /// The URL for the role and database `steadfast`, with the password when there is one.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.addr())
    }

    /// As [`url`](Self::url), with another address in between, such as a relay's.
    #[must_use]
    pub fn url_at(&self, addr: SocketAddr) -> String {
        self.url_as("steadfast", addr)
    }

    /// The URL for the superuser `postgres`, in the database `steadfast`.
    #[must_use]
    pub fn superuser_url(&self) -> String {
        self.url_as("postgres", self.addr())
    }

    /// Everything the server has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Where the server's files are: `data` below it is the data directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Shuts down and removes everything, and returns when that is done. Merely dropping the server does the
    /// same in the background.
    pub async fn destroy(self) {
        let Self { postmaster, watchdog, .. } = self;
        let reaper = async {
            if let Some(mut child) = postmaster.into_inner().unwrap_or_else(PoisonError::into_inner) {
                let _status = child.wait().await;
            }
        };
        let ((), finished) = tokio::join!(reaper, watchdog.finish());
        must(finished);
    }

    pub(crate) fn new(
        binaries: Binaries,
        account: Account,
        directory: PathBuf,
        port: ReservedPort,
        watchdog: Watchdog,
        password: Option<String>,
    ) -> Self {
        Self { binaries, account, directory, port, password, postmaster: Mutex::new(None), watchdog }
    }

    /// Starts the postmaster and waits until it says that it is ready.
    pub(crate) async fn launch(&self) -> Result<(), Error> {
        if self.postmaster().is_some() {
            return Err(Error::new("the server is running already"));
        }
        let logged_before = self.log().len();
        let mut child = self.spawn()?;
        let pid = child.id().unwrap_or_default();
        self.watchdog.watch(pid)?;
        let deadline = Instant::now() + START_WITHIN;
        let trouble = loop {
            if self.says_ready(pid) {
                *self.postmaster() = Some(child);
                return Ok(());
            }
            match child.try_wait() {
                Ok(None) if Instant::now() < deadline => sleep(Duration::from_millis(3)).await,
                Ok(None) => break format!("is not ready after {START_WITHIN:?}"),
                Ok(Some(status)) => break format!("ended at start ({status})"),
                Err(cause) => return Err(Error::system("looking at the server", cause)),
            }
        };
        let _killed = child.kill().await;
        self.watchdog.forget()?;
        let log = self.log();
        let new: Vec<&str> = log.get(logged_before..).unwrap_or(&log).lines().collect();
        let shown = new.get(new.len().saturating_sub(LOG_LINES_SHOWN)..).unwrap_or_default().join("\n");
        Err(Error::new(format!("PostgreSQL {} {trouble}; its log:\n{shown}", self.binaries.version())))
    }

    pub(crate) fn move_to(&mut self, port: ReservedPort) {
        self.port = port;
    }

    pub(crate) fn running_pid(&self) -> Result<u32, Error> {
        let pid = self.postmaster().as_ref().and_then(Child::id);
        pid.ok_or_else(|| Error::new("the server is not running; start_again() starts it"))
    }

    /// Waits for the end of the postmaster; whoever made it end has done so before.
    pub(crate) async fn reap(&self, within: Duration) -> Result<(), Error> {
        let Some(mut child) = self.postmaster().take() else {
            return Ok(());
        };
        match tokio::time::timeout(within, child.wait()).await {
            Ok(_status) => self.watchdog.forget(),
            Err(_elapsed) => {
                *self.postmaster() = Some(child);
                Err(Error::new(format!(
                    "the server has not ended within {within:?}; its log:\n{}",
                    self.log()
                )))
            }
        }
    }

    pub(crate) fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    pub(crate) fn account(&self) -> Account {
        self.account
    }

    pub(crate) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    fn url_as(&self, role: &str, addr: SocketAddr) -> String {
        let password = self.password().map(|text| format!(":{}", percent_encode(text))).unwrap_or_default();
        format!("postgres://{role}{password}@{addr}/steadfast")
    }

    fn spawn(&self) -> Result<Child, Error> {
        let failed = |cause| Error::system("starting the server", cause);
        let log = std::fs::File::options().create(true).append(true).open(self.log_path()).map_err(failed)?;
        let mut command = Command::new(self.binaries.program("postgres"));
        command.arg("-D").arg(self.directory.join("data"));
        // On the command line, because they may never be changed by a copied configuration file.
        command.arg("-c").arg(format!("port={}", self.port()));
        command.arg("-c").arg(format!("unix_socket_directories={}", self.directory.display()));
        self.account.prepare(&mut command);
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(failed)?).stderr(log);
        // A group of its own, so that a Ctrl-C or a test runner's signal reaches only the test.
        command.process_group(0).spawn().map_err(failed)
    }

    /// The server keeps its state in the eighth line of its lock file, and its process id in the first.
    fn says_ready(&self, pid: u32) -> bool {
        let text = std::fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap_or_default();
        let mut lines = text.lines().map(str::trim);
        lines.next().is_some_and(|first| first == pid.to_string())
            && lines.nth(6).is_some_and(|state| state == "ready" || state == "standby")
    }

    fn log_path(&self) -> PathBuf {
        self.directory.join("server.log")
    }

    fn postmaster(&self) -> MutexGuard<'_, Option<Child>> {
        self.postmaster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything but letters and digits, so that any password survives being part of a URL.
fn percent_encode(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    });
    encoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_survives_being_part_of_a_url() {
        assert_eq!(percent_encode("p@ss:w/ö"), "p%40ss%3Aw%2F%C3%B6");
    }
}
