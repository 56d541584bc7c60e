//! The program as a process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use steadfast_test::{Process, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::program::{HOOKS, JOURNAL};

/// A bound for what comes within milliseconds on an idle machine and within seconds on a busy one.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The program, running.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    journal: PathBuf,
}

impl Program {
    /// With hooks that behave like this, such as `child_exit=hang`.
    pub(crate) async fn start(hooks: &str) -> Self {
        // Tests may run as threads of one process.
        static PROGRAMS: AtomicUsize = AtomicUsize::new(0);
        let number = PROGRAMS.fetch_add(1, Ordering::Relaxed);
        let name = format!("journal-{}-{number}", std::process::id());
        let journal = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["program::program", "--exact", "--nocapture"]);
        command.env(HOOKS, hooks).env(JOURNAL, &journal);
        let process = Process::start(&mut command).await;
        let line = process.wait_for_line("listening on ", SOON).await;
        let address = line.split_once("listening on ").unwrap().1.parse().unwrap();
        Self { process, address, journal }
    }

    /// Sends a line and gives the answer; none when the connection ended without one.
    pub(crate) async fn ask(&self, line: &str) -> String {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.ok()?;
            stream.write_all(format!("{line}\n").as_bytes()).await.ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.ok()?;
            Some(answer)
        };
        tokio::time::timeout(SOON, exchange).await.expect("an answer or an end").unwrap_or_default()
    }

    /// Waits until the program answers, and all workers know of both.
    pub(crate) async fn serves(&self) {
        eventually("both workers serve", SOON, async || self.ask("roster").await == "I am 1, I am 2").await;
    }

    /// What the hooks have written.
    pub(crate) fn journal(&self) -> String {
        std::fs::read_to_string(&self.journal).unwrap_or_default()
    }

    /// Waits until the hooks have written a line with this text.
    pub(crate) async fn has_written(&self, text: &str) {
        eventually(&format!("a hook has written {text:?}"), SOON, async || self.journal().contains(text))
            .await;
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _none_written = std::fs::remove_file(&self.journal);
    }
}
