//! `steadfast serve --workers 2`, and what it says of its workers.
#![expect(unreachable_pub, reason = "modules of one test program")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, kill_process};
use steadfast_test::{Postgres, Signal, eventually};

use crate::support::scratch::Scratch;
use crate::support::{Client, Record, SOON, Service};

/// A bound for a reload of two workers: two starts and two ends, one after the other.
pub const ROLLED: Duration = SOON.saturating_mul(3);

/// One worker, as the health document of any of them shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub number: u64,
    pub incarnation: u64,
    pub pid: i32,
    pub tag: String,
    pub stage: String,
}

/// A service of two workers that both serve, on a server of its own with the users of a load.
pub async fn two_workers(more: &[(&str, &str)]) -> (Arc<Postgres>, Service) {
    let postgres = Arc::new(Postgres::start().await);
    let service = start(&postgres, Path::new(env!("CARGO_BIN_EXE_steadfast")), more).await;
    (postgres, service)
}

/// The same of another file.
pub async fn start(postgres: &Postgres, program: &Path, more: &[(&str, &str)]) -> Service {
    let url = postgres.url();
    let environment = [&[("DATABASE_URL", url.as_str()), ("STEADFAST_WORKERS", "2")], more].concat();
    let service = Service::start_program(program, &environment).await.at_work().await;
    crate::support::load::seed(postgres).await;
    all_ready(service.client, 2).await;
    service
}

/// All workers, as one of them knows them.
pub async fn workers(client: Client) -> Vec<View> {
    let body = client.get("/api/v1/health").await.body();
    let found = body["checks"]["workers"][0]["workers"].as_array().cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    found
        .iter()
        .map(|worker| View {
            number: worker["number"].as_u64().unwrap(),
            incarnation: worker["incarnation"].as_u64().unwrap(),
            pid: worker["pid"].as_i64().unwrap().try_into().unwrap(),
            tag: text(&worker["tag"]),
            stage: text(&worker["stage"]),
        })
        .collect()
}

/// Waits until there are so many workers and all of them serve.
pub async fn all_ready(client: Client, count: usize) -> Vec<View> {
    let mut found = Vec::new();
    eventually("all workers serve", SOON, async || {
        found = workers(client).await;
        found.len() == count && found.iter().all(|worker| worker.stage == "ready")
    })
    .await;
    found
}

/// Sends a signal to a worker.
pub fn signal(worker: &View, signal: Signal) {
    kill_process(Pid::from_raw(worker.pid).unwrap(), signal).unwrap();
}

/// Kills a worker, and returns when it takes nobody any more.
pub async fn kill(worker: &View) {
    signal(worker, Signal::KILL);
    eventually("the killed worker has ended", SOON, async || !is_there(worker.pid)).await;
}

/// Stops a worker, and returns when none of its threads runs any more.
pub async fn stop(worker: &View) {
    signal(worker, Signal::STOP);
    eventually("all of its threads are stopped", SOON, async || {
        let threads = std::fs::read_dir(format!("/proc/{}/task", worker.pid)).unwrap();
        threads.flatten().all(|thread| state(&thread.path()) == Some('T'))
    })
    .await;
}

/// What the kernel says of a process, or of a thread.
fn state(directory: &Path) -> Option<char> {
    let stat = std::fs::read_to_string(directory.join("stat")).ok()?;
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next())
}

/// Whether there is such a process. One that has ended and that nobody has waited for is not.
pub fn is_there(pid: i32) -> bool {
    state(&PathBuf::from(format!("/proc/{pid}"))).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// How long until a worker that was started later than this one is ready.
pub async fn replacement(service: &Service, incarnation: u64) -> Duration {
    let begun = tokio::time::Instant::now();
    let is_newer = |line: &str| {
        let told = line.split_once("\"incarnation\":").map(|(_, rest)| rest);
        let number = told.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        line.contains("a worker is ready") && number.is_some_and(|n| n.parse::<u64>().unwrap() > incarnation)
    };
    service.process.wait_for("a replacement", SOON, is_newer).await;
    begun.elapsed()
}

/// What goes into the table of the report.
pub fn print_row(event: &str, record: &Record, replaced: Option<Duration>) {
    let (sent, failed) = (record.shots.len(), record.failures().len());
    let gap = record.longest_gap();
    println!(
        "measured: | {event} | {sent} sent | {failed} failed | longest gap {gap:?} | replacement {replaced:?} |"
    );
}

/// No client was ever refused or reset before it had sent its request.
pub fn assert_listener_never_closed(record: &Record) {
    let refused: Vec<_> = record
        .shots
        .iter()
        .filter(|shot| shot.answer.as_ref().is_err_and(|error| error.starts_with("connect")))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

/// The program in a file of its own, so that it can be replaced.
#[derive(Debug)]
pub struct OwnProgram {
    pub path: PathBuf,
    _directory: Scratch,
}

impl OwnProgram {
    pub fn new() -> Self {
        let directory = Scratch::new();
        let own = Self { path: directory.path().join("steadfast"), _directory: directory };
        own.mend();
        own
    }

    /// Puts the real program there, as a deployment does.
    pub fn mend(&self) {
        let new = self.path.with_extension("new");
        let real = Path::new(env!("CARGO_BIN_EXE_steadfast"));
        // Renaming a link to another link of the same file does nothing, and leaves both.
        let _none_left = std::fs::remove_file(&new);
        // A link costs nothing; where that cannot be, a copy does as well.
        if std::fs::hard_link(real, &new).is_err() {
            std::fs::copy(real, &new).unwrap();
        }
        std::fs::rename(&new, &self.path).unwrap();
    }

    /// Puts a script there.
    pub fn spoil(&self, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let new = self.path.with_extension("new");
        std::fs::write(&new, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(&new, &self.path).unwrap();
    }
}
