//! A worker is stuck, in each of the ways in which a runtime can be.

use steadfast_test::eventually;

use crate::support::{Program, SOON};

async fn stuck_by(order: &str, story: &str) {
    let program = Program::start("").await;
    program.serves().await;
    let begun = std::time::SystemTime::now();
    assert_eq!(program.ask(order).await, "", "it never answers, and its end is seen");
    println!("measured: {order}: the stuck worker's client was freed after {:?}", begun.elapsed().unwrap());
    for line in ["a worker makes no progress", "a worker is stuck; SIGABRT", "adds this", "a worker has died"]
    {
        program.process.wait_for_line(line, SOON).await;
    }
    let log = program.process.lines().join("\n");
    assert!(log.contains(story), "{log}");
    // What the kernel says of its threads.
    assert!(log.contains("supervisor-sig"), "{log}");
    program.process.wait_for_line("cleaned up steadfast/w", SOON).await;
    program.serves().await;
}

#[tokio::test]
async fn one_blocked_thread_is_found_although_the_others_serve() {
    stuck_by("block", "blocked inside a task").await;
}

#[tokio::test]
async fn a_deadlocked_runtime_is_found() {
    stuck_by("deadlock", "no task of its runtime runs").await;
}

#[tokio::test]
async fn a_request_that_only_waits_is_not_stuck_however_long_it_takes() {
    is_not_stuck("slow").await;
}

#[tokio::test]
async fn a_runtime_without_a_moment_of_rest_is_not_stuck() {
    is_not_stuck("busy").await;
}

async fn is_not_stuck(order: &str) {
    let program = Program::start("").await;
    program.serves().await;
    assert_eq!(program.ask(order).await, "done");
    let log = program.process.lines().join("\n");
    assert!(!log.contains("makes no progress") && !log.contains("has died"), "{log}");
}

#[tokio::test]
async fn a_worker_that_ends_by_itself_is_replaced() {
    let program = Program::start("").await;
    program.serves().await;
    let before = program.ask("pid").await;
    assert_eq!(program.ask("exit").await, "");
    program.has_written("exit code 9").await;
    eventually("another one serves", SOON, async || {
        !["", &before].contains(&program.ask("pid").await.as_str())
    })
    .await;
}

/// The master knows nothing of that signal, and the hook hangs: the worker takes nobody any more, and is ended all the same.
#[tokio::test]
async fn a_worker_that_somebody_else_aborts_takes_nobody_into_its_grave() {
    let program = Program::start("worker_abort=hang").await;
    program.serves().await;
    let victim = program.ask("pid").await;
    std::process::Command::new("/bin/sh").args(["-c", &format!("kill -ABRT {victim}")]).status().unwrap();
    program.process.wait_for_line("what the stuck worker was doing", SOON).await;
    for _ in 0..50 {
        let answer = program.ask("pid").await;
        assert!(!answer.is_empty() && answer != victim, "{answer:?}, {victim} was aborted");
    }
    program.process.wait_for_line("a worker is killed", SOON).await;
    program.serves().await;
}
