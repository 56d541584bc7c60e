//! What workers are told, and what they tell each other.

use steadfast_test::{Signal, eventually};

use crate::support::{Program, SOON};

#[tokio::test]
async fn what_one_worker_publishes_all_of_them_know() {
    let program = Program::start("").await;
    program.serves().await;
    program.process.signal(Signal::TTIN);
    eventually("the third is known too", SOON, async || {
        program.ask("roster").await == "I am 1, I am 2, I am 3"
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_is_told_to_end_by_somebody_else_is_replaced_without_a_pause() {
    let program = Program::start("").await;
    program.serves().await;
    let before = program.ask("pid").await;
    std::process::Command::new("/bin/sh").args(["-c", &format!("kill -TERM {before}")]).status().unwrap();
    program.process.wait_for_line("a worker was told to end by somebody else", SOON).await;
    program.has_written("child_exit").await;
    program.serves().await;
    assert!(program.journal().contains("exit code 0"), "{}", program.journal());
}
