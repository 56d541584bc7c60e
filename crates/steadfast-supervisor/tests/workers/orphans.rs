//! The master is killed, and a worker does not drain: nobody is left to end it but itself.

use steadfast_test::{Signal, eventually};
use tokio::net::TcpListener;

use crate::support::{Program, SOON};

#[tokio::test]
async fn an_orphan_that_does_not_drain_ends_itself_and_leaves_the_port() {
    let program = Program::start("").await;
    program.serves().await;
    assert_eq!(program.ask("obstinate").await, "I shall not drain");
    program.process.signal(Signal::KILL);
    let killed = std::time::SystemTime::now();
    program.process.wait_for_line("an orphan that has not drained in time ends itself", SOON).await;
    eventually("nothing keeps the port", SOON, async || TcpListener::bind(program.address).await.is_ok())
        .await;
    println!("measured: an obstinate orphan left the port after {:?}", killed.elapsed().unwrap());
}

#[tokio::test]
async fn a_worker_that_does_not_drain_is_killed_by_its_master() {
    let program = Program::start("").await;
    program.serves().await;
    assert_eq!(program.ask("obstinate").await, "I shall not drain");
    program.process.signal(Signal::TERM);
    let status = program.process.wait(SOON).await;
    assert_eq!(status.code(), Some(1), "it was not a clean end: {status}");
    assert!(program.process.lines().iter().any(|line| line.contains("did not end in time")));
}
