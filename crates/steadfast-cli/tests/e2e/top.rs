//! `steadfast top`: what the status page shows, for a terminal, for a pipe, for programs.

use std::process::{Command, ExitStatus};

use serde_json::Value;
use steadfast_test::{Mode, Postgres, Process, eventually};

use crate::support::scratch::Scratch;
use crate::support::{SOON, Service, steadfast};

async fn top(arguments: &[&str]) -> (ExitStatus, String) {
    let scratch = Scratch::new();
    let process = Process::start(&mut steadfast(scratch.path(), &[&["top"], arguments].concat(), &[])).await;
    let status = process.wait(SOON).await;
    (status, process.lines().join("\n"))
}

#[tokio::test]
async fn into_a_pipe_it_prints_once_and_ends() {
    let postgres = Postgres::start().await;
    let service = Service::on(&postgres.url(), &[]).await;
    let url = format!("http://{}", service.client.address);
    let (status, said) = top(&[&url]).await;
    assert!(status.success(), "{said}");
    for text in
        ["✓ healthy", "nobody waits", "database reachable", "none since the service began", "postgresql 1"]
    {
        assert!(said.contains(text), "{text} in {said}");
    }
    assert!(!said.contains('\x1b'), "no colours in a pipe");

    postgres.stop(Mode::Fast).await;
    eventually("it tells of the outage", SOON, async || {
        let (_, said) = top(&[&url, "--once"]).await;
        said.contains("✗ failing") && said.contains("away for") && said.contains("terminating connection")
    })
    .await;
}

#[tokio::test]
async fn for_programs_it_prints_json() {
    let service = Service::start(&[]).await;
    service.wait_until_it_serves(SOON).await;
    // An address without a scheme will do.
    let (status, said) = top(&[&service.client.address.to_string(), "--json"]).await;
    assert!(status.success(), "{said}");
    let document: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&document["details"], &document["workers"][0]["health"]), (&true.into(), &"pass".into()));
}

#[tokio::test]
async fn what_is_not_there_or_no_service_is_told_with_a_code() {
    let (status, said) = top(&["http://127.0.0.1:1", "--once"]).await;
    assert!(status.code() == Some(69) && said.contains("cannot be reached"), "{said}");
    let (status, said) = top(&["ftp://somewhere", "--once"]).await;
    assert!(status.code() == Some(78) && said.contains("accepted are"), "{said}");
}

/// `script` gives it a terminal of its own.
#[tokio::test]
async fn on_a_terminal_it_goes_on_and_says_when_the_service_is_gone() {
    let service = Service::start(&[]).await;
    service.wait_until_it_serves(SOON).await;
    let scratch = Scratch::new();
    let program = format!("{} top http://{}", env!("CARGO_BIN_EXE_steadfast"), service.client.address);
    let mut command = Command::new("script");
    command.args(["-qfc", &program, "/dev/null"]).current_dir(scratch.path());
    let process = Process::start(&mut command).await;
    process.wait_for_line("✓ healthy", SOON).await;
    drop(service);
    process.wait_for_line("what follows is stale", SOON).await;
}
