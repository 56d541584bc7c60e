//! `steadfast` as a process of its own, with an environment that holds nothing but what a test puts there.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use steadfast_test::{Postgres, Process, eventually};
use tokio::time::Instant;

use super::client::Client;
use super::scratch::Scratch;
use super::{SOON, USERS};

/// `steadfast serve`, running.
#[derive(Debug)]
pub struct Service {
    pub process: Process,
    pub client: Client,
    /// When the process was started.
    pub started: Instant,
    /// From the start of the process to the line that says where it listens.
    pub listening_after: Duration,
    pub directory: Scratch,
}

/// The program, about to run in this directory.
pub fn steadfast(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
    command.args(arguments).current_dir(directory).env_clear().envs(environment.iter().copied());
    command
}

impl Service {
    /// Starts it and returns as soon as it listens, on a port that the system chose.
    pub async fn start(environment: &[(&str, &str)]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_steadfast"));
        Self::start_program_at(program, "127.0.0.1:0", environment).await
    }

    /// The same at this address.
    pub async fn start_at(listen: &str, environment: &[(&str, &str)]) -> Self {
        Self::start_program_at(Path::new(env!("CARGO_BIN_EXE_steadfast")), listen, environment).await
    }

    /// The same of another file.
    pub async fn start_program(program: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_program_at(program, "127.0.0.1:0", environment).await
    }

    async fn start_program_at(program: &Path, listen: &str, environment: &[(&str, &str)]) -> Self {
        let directory = Scratch::new();
        let started = Instant::now();
        let mut command = Command::new(program);
        command.args(["serve", "--listen", listen]).current_dir(directory.path());
        let process = Process::start(command.env_clear().envs(environment.iter().copied())).await;
        let line = process.wait_for_line("listening on http://", SOON).await;
        let listening_after = started.elapsed();
        let address = line.split_once("http://").unwrap().1;
        let end =
            address.find(|c: char| c != '.' && c != ':' && !c.is_ascii_digit()).unwrap_or(address.len());
        let client = Client { address: address[..end].parse().unwrap() };
        Self { process, client, started, listening_after, directory }
    }

    /// On this database, serving.
    pub async fn on(url: &str, more: &[(&str, &str)]) -> Self {
        Self::start(&[&[("DATABASE_URL", url)], more].concat()).await.at_work().await
    }

    /// Returns when it serves.
    pub async fn at_work(self) -> Self {
        let service = self;
        service.wait_until_it_serves(SOON).await;
        service.wait_until_it_has_counted().await;
        service
    }

    /// On a server of its own, serving, with the users that a [`Load`](super::Load) works on.
    pub async fn seeded(postgres: &Postgres, url: &str, more: &[(&str, &str)]) -> Self {
        let service = Self::on(url, more).await;
        super::load::seed(postgres).await;
        service
    }

    pub async fn wait_until_it_serves(&self, within: Duration) {
        let client = self.client;
        eventually("users are served", within, async || client.get(USERS).await.status == 200).await;
    }

    /// At its start it counts its users for the health report, with a COMMIT of its own on the wire: a test that
    /// waits for one must not take that for its own.
    async fn wait_until_it_has_counted(&self) {
        let client = self.client;
        let counted = async || client.get("/api/v1/health").await.text.contains(r#""database:users":[{"#);
        eventually("users are counted", SOON, counted).await;
    }

    /// Everything it has said, in one text.
    pub fn log(&self) -> String {
        self.process.lines().join("\n")
    }
}
