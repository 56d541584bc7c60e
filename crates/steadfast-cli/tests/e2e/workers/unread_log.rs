//! The log goes to a pipe that nobody reads: a container's log driver that hangs, a terminal that was paused.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Command;

use rustix::fs::OFlags;
use rustix::process::{Pid, kill_process};

use super::support::{View, all_ready, is_there, signal, workers};
use crate::support::scratch::Scratch;
use crate::support::{Client, SOON};
use steadfast_test::{Postgres, Process, Signal, eventually};

/// Reads until the service listens; then no more, until there is a file that says so.
const READER: &str = r#"
"$0" serve --listen 127.0.0.1:0 2>&1 | {
    while read -r line; do
        printf '%s\n' "$line"
        case $line in *"listening on "*) break ;; esac
    done
    until [ -e read-on ]; do sleep 0.05; done
    cat
}"#;

/// Two workers whose log has come to a stop.
struct Unread {
    _postgres: Postgres,
    directory: Scratch,
    process: Process,
    client: Client,
    master: i32,
    workers: Vec<View>,
}

async fn unread() -> Unread {
    let postgres = Postgres::start().await;
    let directory = Scratch::new();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", READER, env!("CARGO_BIN_EXE_steadfast")]).current_dir(directory.path());
    let url = postgres.url();
    let environment =
        [("DATABASE_URL", url.as_str()), ("STEADFAST_WORKERS", "2"), ("STEADFAST_LOG", "trace")];
    let process = Process::start(command.env_clear().env("PATH", "/usr/bin:/bin").envs(environment)).await;
    let line = process.wait_for_line("listening on http://", SOON).await;
    let address = line.split_once("http://").unwrap().1;
    let end = address.find(|c: char| c != '.' && c != ':' && !c.is_ascii_digit()).unwrap_or(address.len());
    let client = Client { address: address[..end].parse().unwrap() };
    let workers = all_ready(client, 2).await;
    let health = client.get("/api/v1/health").await.body();
    let master = health["checks"]["workers"][0]["master"].as_i64().unwrap().try_into().unwrap();
    fill(&format!("/proc/{master}/fd/2"));
    Unread { _postgres: postgres, directory, process, client, master, workers }
}

/// Writes until nothing more fits, as somebody who may write to the same pipe.
fn fill(pipe: &str) {
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
    let mut pipe = OpenOptions::new().write(true).custom_flags(nonblocking).open(pipe).unwrap();
    for piece in [[b'\n'; 1024].as_slice(), b"\n"] {
        while pipe.write_all(piece).is_ok() {}
    }
}

#[tokio::test]
async fn a_killed_worker_is_replaced_although_nobody_reads_the_log() {
    let unread = unread().await;
    let client = unread.client;
    for _ in 0..2 {
        let before = all_ready(client, 2).await;
        signal(&before[0], Signal::KILL);
        eventually("another one serves", SOON, async || {
            let now = workers(client).await;
            now.len() == 2 && now.iter().all(|one| one.stage == "ready") && !now.contains(&before[0])
        })
        .await;
    }
    // Nothing is lost that there was room for, and whoever reads again reads on.
    std::fs::write(unread.directory.path().join("read-on"), "").unwrap();
    unread.process.wait_for_line("a worker has died", SOON).await;
}

#[tokio::test]
async fn it_ends_as_asked_although_nobody_reads_the_log() {
    let unread = unread().await;
    let master = Pid::from_raw(unread.master).unwrap();
    kill_process(master, Signal::TERM).unwrap();
    eventually("all processes have ended", SOON, async || {
        !is_there(unread.master) && unread.workers.iter().all(|worker| !is_there(worker.pid))
    })
    .await;
}
