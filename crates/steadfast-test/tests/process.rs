//! A program under test is heard to the end and never left behind.

#![cfg(test)]

use std::process::Command;
use std::time::Duration;

use steadfast_test::{Process, Signal, eventually};

const SOON: Duration = Duration::from_secs(10);

async fn sh(script: &str) -> Process {
    Process::start(Command::new("sh").args(["-c", script])).await
}

fn is_process(pid: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !state.is_empty() && !state.contains(") Z ")
}

#[tokio::test]
async fn lines_of_both_streams_are_heard_and_the_status_is_told() {
    let process = sh("echo out; echo err >&2; printf unfinished; exit 3").await;
    assert_eq!(process.wait_for_line("err", SOON).await, "err");
    assert_eq!(process.wait(SOON).await.code(), Some(3));
    let mut lines = process.lines();
    lines.sort();
    assert_eq!(lines, ["err", "out", "unfinished"]);
}

#[tokio::test]
async fn signals_reach_the_program() {
    let process = sh("trap 'echo told; exit 0' TERM; echo ready; while :; do sleep 0.02; done").await;
    process.wait_for_line("ready", SOON).await;
    assert!(process.is_running());
    process.signal(Signal::TERM);
    process.wait_for_line("told", SOON).await;
    assert!(process.wait(SOON).await.success());
}

#[tokio::test]
#[should_panic(expected = "ended its output without a line with \"never\"")]
async fn a_line_that_cannot_come_any_more_is_not_waited_for() {
    sh("echo something else").await.wait_for_line("never", Duration::from_secs(600)).await;
}

#[tokio::test]
#[should_panic(expected = "its last output:\nstill here")]
async fn a_program_that_does_not_end_is_reported_with_its_output() {
    let process = sh("echo still here; sleep 60").await;
    process.wait_for_line("still", SOON).await;
    process.wait(Duration::from_millis(50)).await;
}

#[tokio::test]
#[should_panic(expected = "starting /no/such/program")]
async fn a_program_that_is_not_there_is_named() {
    Process::start(&mut Command::new("/no/such/program")).await;
}

#[tokio::test]
async fn dropping_ends_the_program_and_what_it_has_started() {
    for script in ["sleep 60 & echo $!; wait", "sleep 60 & echo $!; exit 0"] {
        let process = sh(script).await;
        let grandchild: u32 = process.wait_for("a number", SOON, |_| true).await.parse().unwrap();
        let pid = process.pid();
        drop(process);
        eventually("both are gone", SOON, async || !is_process(pid) && !is_process(grandchild)).await;
    }
}

/// This test program again, as a child that can be killed: it starts a program and waits.
#[tokio::test]
async fn a_killed_test_leaves_no_program_behind() {
    const ROLE: &str = "STEADFAST_TEST_VICTIM";
    if Command::new("printenv").arg(ROLE).output().is_ok_and(|output| output.status.success()) {
        let process = sh("sleep 60").await;
        println!("victim {}", process.pid());
        std::future::pending::<()>().await;
    }
    let victim = Process::start(
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_killed_test_leaves_no_program_behind", "--nocapture"])
            .env(ROLE, "1"),
    )
    .await;
    let line = victim.wait_for_line("victim ", SOON).await;
    let pid = line.split_once("victim ").unwrap().1.trim().parse().unwrap();
    assert!(is_process(pid));
    victim.signal(Signal::KILL);
    victim.wait(SOON).await;
    eventually("the program is gone", SOON, async || !is_process(pid)).await;
}
