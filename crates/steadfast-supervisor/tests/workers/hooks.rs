//! Hooks that misbehave. None of them ends the master.

use steadfast_test::{Signal, eventually};

use crate::support::{Program, SOON};

/// The master lives and ends as it should.
async fn ends_well(program: &Program) {
    assert!(program.process.is_running());
    program.process.signal(Signal::TERM);
    let status = program.process.wait(SOON).await;
    assert_eq!(status.code(), Some(0), "{status}");
}

#[tokio::test]
async fn hooks_run_where_and_when_they_should() {
    let program = Program::start("").await;
    program.serves().await;
    program.ask("exit").await;
    program.has_written(&format!("exit code 9 in {}", program.process.pid())).await;
    program.serves().await;
    ends_well(&program).await;
    let journal = program.journal();
    assert_eq!(journal.matches("post_spawn").count(), 3, "{journal}");
    assert_eq!(journal.matches("worker_exit").count(), 2, "not for the one that died: {journal}");
    assert_eq!(journal.matches("child_exit").count(), 3, "{journal}");
}

#[tokio::test]
async fn post_spawn_that_fails_or_panics_costs_a_worker_at_a_time() {
    for (hook, reason) in [
        ("post_spawn=fail", "post_spawn failed: post_spawn fails"),
        ("post_spawn=panic", "post_spawn panicked"),
    ] {
        let program = Program::start(hook).await;
        let line = program.process.wait_for_line("degraded", SOON).await;
        assert!(line.contains(reason) && line.contains("exit code 70"), "{line}");
        ends_well(&program).await;
    }
}

#[tokio::test]
async fn post_spawn_that_hangs_is_ended_like_a_stuck_worker() {
    let program = Program::start("post_spawn=hang").await;
    let line = program.process.wait_for_line("a worker is stuck; SIGABRT", SOON).await;
    assert!(line.contains("a hook hangs?"), "{line}");
    program.has_written("child_exit").await;
    assert!(program.process.is_running());
}

#[tokio::test]
async fn worker_abort_that_panics_still_leaves_a_dump() {
    let program = Program::start("worker_abort=panic").await;
    program.serves().await;
    program.ask("block").await;
    program.process.wait_for_line("adds this", SOON).await;
    program.process.wait_for_line("the hook worker_abort panicked", SOON).await;
    program.serves().await;
}

#[tokio::test]
async fn worker_exit_that_hangs_does_not_keep_the_process() {
    let program = Program::start("worker_exit=hang").await;
    program.serves().await;
    program.process.signal(Signal::TERM);
    // Either it is left after its five seconds, or the master ends the process that does not drain in its five.
    let status = program.process.wait(SOON).await;
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
}

#[tokio::test]
async fn child_exit_that_panics_or_hangs_stops_nothing() {
    for hook in ["child_exit=panic", "child_exit=hang"] {
        let program = Program::start(hook).await;
        program.serves().await;
        let count = |what: &str| program.process.lines().iter().filter(|line| line.contains(what)).count();
        for _ in 0..3 {
            // A worker that is about to end may take the next one who asks with it.
            let before = count("a worker has died");
            eventually("a worker dies", SOON, async || {
                program.ask("exit").await;
                count("a worker has died") > before
            })
            .await;
        }
        program.has_written("child_exit").await;
        program.serves().await;
        ends_well(&program).await;
        if hook.ends_with("panic") {
            let ended = count("a worker has died") + count("a worker has ended");
            let told = async || program.journal().matches("child_exit").count() == ended;
            eventually("all are told", SOON, told).await;
        }
    }
}
