//! Packets really get lost, and nobody is told.

#![cfg(test)]
#![cfg(target_os = "linux")]

use std::net::SocketAddr;
use std::time::Duration;

use steadfast_test::{LossyPath, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);
/// Longer than a packet needs that is not lost.
const A_MOMENT: Duration = Duration::from_millis(300);

/// A server that sends everything back.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a server of the test")]
    let _detached = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _detached = tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                drop(tokio::io::copy(&mut from, &mut to).await);
            });
        }
    });
    addr
}

async fn path() -> Option<LossyPath> {
    match LossyPath::to(echo().await).await {
        Ok(path) => Some(path),
        Err(why) => {
            eprintln!("skipped: {why}");
            None
        }
    }
}

async fn answers(stream: &mut TcpStream, within: Duration) -> bool {
    stream.write_all(b"x").await.unwrap();
    let answer = timeout(within, stream.read_exact(&mut [0])).await;
    answer.is_ok_and(|read| read.is_ok())
}

#[tokio::test]
async fn what_is_open_is_lost_and_what_comes_later_works() {
    let Some(path) = path().await else { return };
    let mut old = TcpStream::connect(path.addr()).await.unwrap();
    assert!(answers(&mut old, SOON).await);
    assert_eq!((path.connections(), path.lose_existing().await), (1, 1));
    assert!(!answers(&mut old, A_MOMENT).await);
    let mut new = TcpStream::connect(path.addr()).await.unwrap();
    assert!(answers(&mut new, SOON).await);
    assert!(!answers(&mut old, A_MOMENT).await, "for good");
    path.heal().await;
    // TCP has repeated it all the while.
    timeout(SOON, old.read_exact(&mut [0])).await.expect("it arrives").unwrap();
}

#[tokio::test]
async fn a_path_that_loses_some_is_slow_and_one_that_loses_all_is_dead() {
    let Some(path) = path().await else { return };
    let mut stream = TcpStream::connect(path.addr()).await.unwrap();
    path.lose(30).await;
    for _ in 0..10 {
        assert!(answers(&mut stream, SOON).await, "TCP gets it through");
    }
    path.heal().await;
    path.lose(100).await;
    assert!(timeout(A_MOMENT, TcpStream::connect(path.addr())).await.is_err(), "no answer and no refusal");
}

#[tokio::test]
async fn nothing_is_left_of_a_path_that_was_dropped() {
    let Some(path) = path().await else { return };
    let name = format!("/run/netns/steadfast{}", path.addr().port());
    let interface = format!("/sys/class/net/sf{}", path.addr().port());
    let is_there = |path: &str| std::fs::exists(path).unwrap();
    assert!(is_there(&name) && is_there(&interface));
    drop(path);
    eventually("it is gone", SOON, async || !is_there(&name) && !is_there(&interface)).await;
}
