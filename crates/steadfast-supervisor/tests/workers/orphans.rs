//! The master is killed while a worker is stuck: nobody is left to end it but itself.

use steadfast_test::{Signal, eventually};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Program, SOON};

#[tokio::test]
async fn an_orphan_that_is_stuck_ends_itself_and_leaves_the_port() {
    let program = Program::start("").await;
    program.serves().await;
    let mut stream = TcpStream::connect(program.address).await.unwrap();
    // Every thread of one of the workers is blocked, so that it cannot drain.
    stream.write_all(b"deadlock\n").await.unwrap();
    eventually("the worker is stuck", SOON, async || {
        program.process.lines().iter().any(|line| line.contains("a worker makes no progress"))
    })
    .await;
    program.process.signal(Signal::KILL);
    let killed = std::time::SystemTime::now();
    eventually("nothing keeps the port", SOON, async || TcpListener::bind(program.address).await.is_ok())
        .await;
    println!("measured: a stuck orphan left the port after {:?}", killed.elapsed().unwrap());
}
