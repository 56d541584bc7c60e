//! systemd is told how the service is, and keeps its listener.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use super::support::{all_ready, two_workers};
use crate::support::scratch::Scratch;
use crate::support::{Client, Load, SOON, Service, load};
use steadfast_test::{Postgres, Process, Signal, eventually};
use tokio::net::UnixDatagram;
use tokio::task::JoinSet;

/// What a service says to systemd.
struct Told {
    path: String,
    messages: Arc<Mutex<Vec<String>>>,
    _listening: JoinSet<()>,
    _directory: Scratch,
}

impl Told {
    fn listen() -> Self {
        let directory = Scratch::new();
        let path = directory.path().join("notify").display().to_string();
        let socket = UnixDatagram::bind(&path).unwrap();
        let messages = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&messages);
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(count) = socket.recv(&mut buffer).await {
                kept.lock().unwrap().push(String::from_utf8_lossy(&buffer[..count]).trim_end().to_owned());
            }
        });
        Self { path, messages, _listening: listening, _directory: directory }
    }

    fn count(&self, message: &str) -> usize {
        self.messages.lock().unwrap().iter().filter(|one| *one == message).count()
    }

    async fn hears(&self, message: &str, times: usize) {
        eventually(&format!("{message:?} is told"), SOON, async || self.count(message) >= times).await;
    }
}

#[tokio::test]
async fn a_master_tells_that_it_is_ready_how_it_is_that_it_lives_and_that_it_ends() {
    let told = Told::listen();
    let (_postgres, service) =
        two_workers(&[("NOTIFY_SOCKET", &told.path), ("WATCHDOG_USEC", "500000")]).await;
    told.hears("READY=1", 1).await;
    told.hears("STATUS=2 of 2 workers are ready", 1).await;
    told.hears("WATCHDOG=1", 3).await;
    // The process that systemd knows goes on to tell when another one has taken over.
    service.process.signal(Signal::USR2);
    service.process.wait_for_line("replaced; passing signals on", SOON).await;
    let so_far = told.count("WATCHDOG=1");
    told.hears("WATCHDOG=1", so_far + 2).await;
    assert_eq!(told.count("STOPPING=1"), 0, "the service goes on");
    service.process.signal(Signal::TERM);
    assert_eq!(service.process.wait(SOON).await.code(), Some(0));
    told.hears("STOPPING=1", 1).await;
    assert_eq!(told.count("READY=1"), 1, "neither workers nor the second master tell anything");
}

#[tokio::test]
async fn a_plain_process_tells_the_same() {
    let told = Told::listen();
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let service = Service::on(&url, &[("NOTIFY_SOCKET", &told.path), ("WATCHDOG_USEC", "500000")]).await;
    told.hears("READY=1", 1).await;
    told.hears("WATCHDOG=1", 3).await;
    service.process.signal(Signal::TERM);
    assert_eq!(service.process.wait(SOON).await.code(), Some(0));
    told.hears("STOPPING=1", 1).await;
}

/// As systemd starts a service that has a socket unit.
async fn activated(listener: &TcpListener, directory: &Scratch, url: &str, workers: &str) -> Process {
    let script = r#"exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" serve"#;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_steadfast")]).current_dir(directory.path());
    command.env_clear().envs([("DATABASE_URL", url), ("STEADFAST_WORKERS", workers)]);
    command.stdin(Stdio::from(OwnedFd::from(listener.try_clone().unwrap())));
    let process = Process::start(&mut command).await;
    process.wait_for_line(&format!("listening on http://{}", listener.local_addr().unwrap()), SOON).await;
    process
}

async fn restarts_without_refusing_anybody(workers: &str) {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let directory = Scratch::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client { address: listener.local_addr().unwrap() };
    let first = activated(&listener, &directory, &url, workers).await;
    let serves = async || client.get("/readyz").await.status == 200;
    eventually("it serves", SOON, serves).await;
    load::seed(&postgres).await;
    if workers != "0" {
        all_ready(client, 2).await;
    }
    let load = Load::start(client);
    load.goes_on_for(std::time::Duration::from_millis(500)).await;
    first.signal(Signal::TERM);
    assert_eq!(first.wait(SOON).await.code(), Some(0));
    let second = activated(&listener, &directory, &url, workers).await;
    eventually("it serves again", SOON, serves).await;
    load.goes_on_for(std::time::Duration::from_millis(500)).await;
    let record = load.stop().await;
    record.print(&format!("restarted with a socket of systemd's, {workers} workers"));
    // Nobody is turned away; who comes first may be told that the database is not there yet.
    let lost: Vec<_> = record.failures().into_iter().filter(|shot| shot.answer.is_err()).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    second.signal(Signal::TERM);
    assert_eq!(second.wait(SOON).await.code(), Some(0));
}

#[tokio::test]
async fn with_a_socket_of_systemds_a_restart_refuses_nobody() {
    restarts_without_refusing_anybody("2").await;
}

#[tokio::test]
async fn with_a_socket_of_systemds_a_restart_of_a_plain_process_refuses_nobody() {
    restarts_without_refusing_anybody("0").await;
}
