use std::net::Ipv4Addr;

use super::*;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A port on which nobody listens: bound once, and released.
async fn closed() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    listener.local_addr().unwrap()
}

#[test]
fn families_take_turns_and_nothing_is_tried_twice() {
    let found = ["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1", "10.0.0.1:1"].map(address);
    let expected = ["[::1]:1", "10.0.0.1:1", "[::2]:1", "[::3]:1"].map(address);
    assert_eq!(interleave(found.into_iter()), expected);
    assert_eq!(interleave(std::iter::empty()), []);
}

#[tokio::test]
async fn an_address_that_refuses_costs_no_head_start() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let good = listener.local_addr().unwrap();
    let began = crate::time::Instant::now();
    let (_, winner) = race(&[closed().await, good], &SocketOptions::default()).await.unwrap();
    assert_eq!(winner, good);
    assert!(began.elapsed() < HEAD_START, "took {:?}", began.elapsed());
}

#[tokio::test]
async fn every_failure_is_told() {
    let (first, second) = (closed().await, closed().await);
    let failures = race(&[first, second], &SocketOptions::default()).await.unwrap_err();
    assert_eq!(failures.iter().map(|(address, _)| *address).collect::<Vec<_>>(), [first, second]);
    let fault =
        dial("127.0.0.1", first.port(), &SocketOptions::default(), &Progress::new()).await.unwrap_err();
    assert_eq!((fault.class(), fault.step()), (Class::Unreachable, Step::Dial));
    assert!(fault.summary().contains("Connection refused"), "{fault}");
    assert!(fault.remedy().unwrap().contains("nothing listens there"), "{fault}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_said_to_be_one() {
    let fault =
        dial("no-such-host.invalid", 5432, &SocketOptions::default(), &Progress::new()).await.unwrap_err();
    assert_eq!((fault.class(), fault.step()), (Class::Unreachable, Step::Resolve));
    assert!(fault.summary().contains("no-such-host.invalid"), "{fault}");
}

#[tokio::test]
async fn a_socket_directory_without_a_server_names_the_path() {
    let fault = dial("/nonexistent", 5432, &SocketOptions::default(), &Progress::new()).await.unwrap_err();
    assert_eq!(fault.step(), Step::Dial);
    assert!(fault.summary().contains("/nonexistent/.s.PGSQL.5432"), "{fault}");
}
