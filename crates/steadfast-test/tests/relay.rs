//! The relay does to real sockets what it says.

#![cfg(test)]

use std::io::ErrorKind;
use std::time::Duration;

use steadfast_test::{Cut, Direction, Ending, Fault, Relay, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

const SOON: Duration = Duration::from_secs(10);
/// Long enough to notice something that must not come, short enough to wait for it.
const A_MOMENT: Duration = Duration::from_millis(150);

/// A relay, a listener behind it, and nothing connected.
async fn path() -> (Relay, TcpListener) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (Relay::to(server.local_addr().unwrap()).await, server)
}

/// Both ends of one connection through a relay.
async fn connect(relay: &Relay, server: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(relay.addr()).await.unwrap();
    let (served, _) = timeout(SOON, server.accept()).await.expect("the relay connects").unwrap();
    (client, served)
}

async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

async fn receive(stream: &mut TcpStream, length: usize) -> String {
    let mut buffer = vec![0; length];
    timeout(SOON, stream.read_exact(&mut buffer)).await.expect("it arrives").unwrap();
    String::from_utf8(buffer).unwrap()
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(A_MOMENT, stream.read(&mut [0; 16])).await.is_err()
}

/// How a stream ended: `None` in order, else the error. Bytes before that are skipped.
async fn end(stream: &mut TcpStream) -> Option<ErrorKind> {
    let mut buffer = [0; 1024];
    loop {
        match timeout(SOON, stream.read(&mut buffer)).await.expect("it ends") {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(error.kind()),
        }
    }
}

/// How a new connection ends; a reset can be so fast that even the connect reports it.
async fn end_of_new(relay: &Relay) -> Option<ErrorKind> {
    match TcpStream::connect(relay.addr()).await {
        Ok(mut client) => end(&mut client).await,
        Err(error) => Some(error.kind()),
    }
}

async fn works(client: &mut TcpStream, server: &mut TcpStream) {
    send(client, "there").await;
    assert_eq!(receive(server, 5).await, "there");
    send(server, "back").await;
    assert_eq!(receive(client, 4).await, "back");
}

#[tokio::test]
async fn a_good_path_carries_everything_both_ways_and_counts_it() {
    let (relay, server) = path().await;
    let (mut client, mut served) = connect(&relay, &server).await;
    works(&mut client, &mut served).await;
    let large = vec![7_u8; 3_000_000];
    let (mut read_half, mut write_half) = client.split();
    let (mut served_read, mut served_write) = served.split();
    let mut back = vec![0; large.len()];
    let mut there = vec![0; large.len()];
    let (a, b, c, d) = tokio::join!(
        write_half.write_all(&large),
        served_read.read_exact(&mut there),
        served_write.write_all(&large),
        read_half.read_exact(&mut back)
    );
    a.and(b.map(|_| ())).and(c).and(d.map(|_| ())).unwrap();
    assert!(there == large && back == large);
    let counters = relay.counters();
    assert_eq!((counters.opened, counters.open_now), (1, 1));
    assert_eq!((counters.bytes_to_server, counters.bytes_to_client), (3_000_005, 3_000_004));
}

#[tokio::test]
async fn an_end_of_one_direction_is_passed_on_and_the_other_goes_on() {
    let (relay, server) = path().await;
    let (mut client, mut served) = connect(&relay, &server).await;
    client.shutdown().await.unwrap();
    assert_eq!(end(&mut served).await, None);
    send(&mut served, "late").await;
    assert_eq!(receive(&mut client, 4).await, "late");
    drop(served);
    assert_eq!(end(&mut client).await, None);
    eventually("the connection is gone", SOON, async || relay.counters().open_now == 0).await;
}

#[tokio::test]
async fn a_reset_is_passed_on_as_a_reset() {
    let (relay, server) = path().await;
    let (mut client, served) = connect(&relay, &server).await;
    socket2::SockRef::from(&served).set_linger(Some(Duration::ZERO)).unwrap();
    drop(served);
    assert_eq!(end(&mut client).await, Some(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn refusing_closes_the_door_and_not_what_is_inside_and_the_port_comes_back() {
    let (relay, server) = path().await;
    let (mut client, mut served) = connect(&relay, &server).await;
    for _ in 0..5 {
        relay.set(Fault::Refuse).await;
        let refused = TcpStream::connect(relay.addr()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        works(&mut client, &mut served).await;
        relay.set(Fault::None).await;
        let (mut another, mut other_end) = connect(&relay, &server).await;
        works(&mut another, &mut other_end).await;
    }
}

#[tokio::test]
async fn new_connections_are_closed_reset_or_left_alone_as_told() {
    let (relay, server) = path().await;
    let (mut old, mut old_served) = connect(&relay, &server).await;
    relay.set(Fault::AcceptThenClose).await;
    assert_eq!(end(&mut TcpStream::connect(relay.addr()).await.unwrap()).await, None);
    relay.set(Fault::AcceptThenReset).await;
    assert_eq!(end_of_new(&relay).await, Some(ErrorKind::ConnectionReset));
    relay.set(Fault::AcceptThenSilence).await;
    let mut silent = TcpStream::connect(relay.addr()).await.unwrap();
    send(&mut silent, "anybody?").await;
    assert!(is_silent(&mut silent).await);
    assert!(timeout(A_MOMENT, server.accept()).await.is_err(), "nothing reached the server");
    works(&mut old, &mut old_served).await;
    assert_eq!(relay.cut_all(Ending::Rst).await, 2);
    assert_eq!(end(&mut silent).await, Some(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_stalled_path_delivers_everything_later() {
    let (relay, server) = path().await;
    let (mut client, mut served) = connect(&relay, &server).await;
    relay.set(Fault::Stall).await;
    send(&mut client, "first").await;
    assert!(is_silent(&mut served).await);
    relay.set(Fault::None).await;
    assert_eq!(receive(&mut served, 5).await, "first");
    assert_eq!(relay.stall_existing(), 1);
    let (mut another, mut other_end) = connect(&relay, &server).await;
    works(&mut another, &mut other_end).await;
    send(&mut served, "second").await;
    assert!(is_silent(&mut client).await);
    relay.resume_existing();
    assert_eq!(receive(&mut client, 6).await, "second");
    works(&mut client, &mut served).await;
}

#[tokio::test]
async fn a_stalled_path_stops_acknowledging_when_buffers_are_full() {
    let (relay, server) = path().await;
    let (mut client, _served) = connect(&relay, &server).await;
    relay.set(Fault::Stall).await;
    let stuck = timeout(SOON / 10, async { while client.write_all(&[0; 65_536]).await.is_ok() {} });
    assert!(stuck.await.is_err(), "a stalled path takes no more than the buffers hold");
}

#[tokio::test]
async fn a_swallowing_path_takes_everything_and_what_lost_something_stays_silent() {
    let (relay, server) = path().await;
    let (mut lossy, mut lossy_served) = connect(&relay, &server).await;
    let (mut quiet, mut quiet_served) = connect(&relay, &server).await;
    relay.set(Fault::Swallow).await;
    // More than all buffers hold: only a path that reads takes this.
    timeout(SOON, lossy.write_all(&vec![0; 20_000_000])).await.expect("it is all taken").unwrap();
    assert!(is_silent(&mut lossy_served).await);
    let mut new = TcpStream::connect(relay.addr()).await.unwrap();
    send(&mut new, "hello").await;
    assert!(is_silent(&mut new).await);
    relay.set(Fault::None).await;
    works(&mut quiet, &mut quiet_served).await;
    send(&mut lossy_served, "still there?").await;
    assert!(is_silent(&mut lossy).await);
}

#[tokio::test]
async fn silencing_hits_what_is_open_and_hides_even_the_end() {
    let (relay, server) = path().await;
    let (mut old, mut old_served) = connect(&relay, &server).await;
    assert_eq!(relay.silence_existing(), 1);
    let (mut new, mut new_served) = connect(&relay, &server).await;
    works(&mut new, &mut new_served).await;
    send(&mut old, "?").await;
    assert!(is_silent(&mut old_served).await);
    drop(old);
    assert!(is_silent(&mut old_served).await, "the server does not learn that the client has gone");
    assert_eq!(relay.cut_all(Ending::Fin).await, 2);
    assert_eq!(end(&mut old_served).await, None);
}

#[tokio::test]
async fn every_ending_shows_each_side_what_it_says() {
    let (relay, server) = path().await;
    for (ending, client_sees, server_sees) in [
        (Ending::Fin, Some(None), Some(None)),
        (Ending::Rst, Some(Some(ErrorKind::ConnectionReset)), Some(Some(ErrorKind::ConnectionReset))),
        (Ending::HalfClose, Some(None), Some(None)),
        (Ending::Silence, None, None),
        (Ending::Ghost, Some(Some(ErrorKind::ConnectionReset)), None),
    ] {
        let (mut client, mut served) = connect(&relay, &server).await;
        works(&mut client, &mut served).await;
        relay.cut_all(ending).await;
        for (name, stream, expected) in
            [("client", &mut client, client_sees), ("server", &mut served, server_sees)]
        {
            match expected {
                Some(how) => assert_eq!(end(stream).await, how, "{ending:?}, {name}"),
                None => assert!(is_silent(stream).await, "{ending:?}, {name}"),
            }
        }
        if ending == Ending::HalfClose {
            for _ in 0..20 {
                send(&mut client, "a half-closed connection takes what it is sent").await;
            }
        }
    }
}

#[tokio::test]
async fn idle_connections_end_as_told_and_busy_ones_do_not() {
    let (relay, server) = path().await;
    for (ending, sees) in [
        (Ending::Fin, Some(None)),
        (Ending::Rst, Some(Some(ErrorKind::ConnectionReset))),
        (Ending::Silence, None),
    ] {
        let (mut idle, _idle_served) = connect(&relay, &server).await;
        let (mut busy, mut busy_served) = connect(&relay, &server).await;
        relay.set_idle_limit(Some((Duration::from_millis(400), ending)));
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(1200) {
            works(&mut busy, &mut busy_served).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        match sees {
            Some(how) => assert_eq!(end(&mut idle).await, how),
            None => assert!(is_silent(&mut idle).await),
        }
        works(&mut busy, &mut busy_served).await;
        relay.set_idle_limit(None);
    }
}

#[tokio::test]
async fn latency_is_added_each_way_and_keeps_order() {
    let (relay, server) = path().await;
    let (mut client, mut served) = connect(&relay, &server).await;
    relay.set_latency(Duration::from_millis(60), Duration::from_millis(40));
    let began = Instant::now();
    works(&mut client, &mut served).await;
    assert!(began.elapsed() >= Duration::from_millis(120), "{:?}", began.elapsed());
    let text: String = (0..200).map(|n| format!("{n:04}")).collect();
    for piece in text.as_bytes().chunks(4) {
        client.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(receive(&mut served, text.len()).await, text);
    // Pieces are under way together: two hundred of them do not take two hundred times as long.
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn bandwidth_is_bounded() {
    let (relay, server) = path().await;
    let (mut client, mut served) = connect(&relay, &server).await;
    relay.set_bandwidth(Some(100_000));
    let began = Instant::now();
    let text = "x".repeat(50_000);
    send(&mut client, &text).await;
    assert_eq!(receive(&mut served, text.len()).await, text);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(450), "{took:?}");
    relay.set_bandwidth(None);
    works(&mut client, &mut served).await;
}

#[tokio::test]
async fn a_cut_at_a_byte_lets_exactly_so_many_through() {
    for at in [0, 1, 5, 12] {
        let (relay, server) = path().await;
        relay.arm(Cut::at_byte(Direction::ToServer, at).ending(Ending::Fin));
        let (mut client, mut served) = connect(&relay, &server).await;
        let _cut_meanwhile = client.write_all(b"hello, world").await;
        let mut all = Vec::new();
        timeout(SOON, served.read_to_end(&mut all)).await.unwrap().unwrap();
        assert_eq!(all, b"hello, world"[..usize::try_from(at).unwrap()]);
        assert_eq!(relay.counters().cuts_fired, 1);
        let (mut client, mut served) = connect(&relay, &server).await;
        works(&mut client, &mut served).await;
    }
}

#[tokio::test]
async fn new_connections_follow_a_redirection_and_old_ones_stay() {
    let (relay, first) = path().await;
    let (mut old, mut old_served) = connect(&relay, &first).await;
    let second = TcpListener::bind("127.0.0.1:0").await.unwrap();
    relay.redirect_to(second.local_addr().unwrap());
    let (mut new, mut new_served) = connect(&relay, &second).await;
    works(&mut new, &mut new_served).await;
    works(&mut old, &mut old_served).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_shows_as_a_reset() {
    let (relay, server) = path().await;
    drop(server);
    assert_eq!(end_of_new(&relay).await, Some(ErrorKind::ConnectionReset));
    assert_eq!(relay.counters().unreachable, 1);
}

#[tokio::test]
async fn dropping_the_relay_closes_everything() {
    let (relay, server) = path().await;
    let addr = relay.addr();
    let (mut client, mut served) = connect(&relay, &server).await;
    drop(relay);
    end(&mut client).await;
    end(&mut served).await;
    eventually("nobody listens", SOON, async || TcpStream::connect(addr).await.is_err()).await;
}

#[tokio::test]
async fn a_test_that_blocks_its_thread_does_not_stop_the_relay() {
    let (relay, server) = path().await;
    let (client, served) = connect(&relay, &server).await;
    let (mut client, mut served) = (client.into_std().unwrap(), served.into_std().unwrap());
    client.set_nonblocking(false).unwrap();
    served.set_nonblocking(false).unwrap();
    std::io::Write::write_all(&mut client, b"blocking").unwrap();
    let mut buffer = [0; 8];
    std::io::Read::read_exact(&mut served, &mut buffer).unwrap();
    assert_eq!(&buffer, b"blocking");
}

#[tokio::test]
async fn what_is_done_to_one_connection_leaves_the_others_alone() {
    let (relay, server) = path().await;
    let mut pairs = Vec::new();
    for _ in 0..5 {
        pairs.push(connect(&relay, &server).await);
    }
    let chosen = relay.connections();
    for (connection, (client, served)) in chosen.iter().zip(&pairs) {
        assert_eq!(connection.client(), client.local_addr().unwrap());
        let towards_server = served.peer_addr().unwrap();
        eventually("it is connected", SOON, async || connection.towards_server() == Some(towards_server))
            .await;
    }
    chosen[0].cut(Ending::Rst).await;
    chosen[1].silence();
    chosen[2].stall();
    chosen[3].arm(Cut::at_byte(Direction::ToServer, 3).ending(Ending::Fin));
    assert_eq!(end(&mut pairs[0].0).await, Some(ErrorKind::ConnectionReset));
    for (index, (client, served)) in pairs.iter_mut().enumerate().skip(1) {
        match index {
            1 | 2 => {
                send(client, "hello").await;
                assert!(is_silent(served).await, "connection {index}");
            }
            3 => {
                send(client, "hello").await;
                assert_eq!(receive(served, 3).await, "hel");
                assert_eq!(end(served).await, None);
            }
            _ => works(client, served).await,
        }
    }
    chosen[2].resume();
    assert_eq!(receive(&mut pairs[2].1, 5).await, "hello");
    assert_eq!(relay.connections().len(), 3, "the silent one, the slow one and the good one");
}

#[tokio::test]
async fn one_connection_may_be_slow_narrow_or_short_lived() {
    let (relay, server) = path().await;
    let (mut slow, mut slow_end) = connect(&relay, &server).await;
    let (mut narrow, mut narrow_end) = connect(&relay, &server).await;
    let (mut idle, mut idle_end) = connect(&relay, &server).await;
    let (mut good, mut good_end) = connect(&relay, &server).await;
    let chosen = relay.connections();
    chosen[0].set_latency(Duration::from_millis(100), Duration::ZERO);
    chosen[1].set_bandwidth(Some(10_000));
    for (client, served, least) in [
        (&mut slow, &mut slow_end, 0.1),
        (&mut narrow, &mut narrow_end, 0.1),
        (&mut good, &mut good_end, 0.0),
    ] {
        let started = Instant::now();
        send(client, &"x".repeat(2000)).await;
        receive(served, 2000).await;
        assert!(started.elapsed().as_secs_f64() >= least, "{:?}", started.elapsed());
    }
    chosen[2].set_idle_limit(Some((Duration::from_millis(50), Ending::Fin)));
    assert_eq!(end(&mut idle).await, None);
    assert_eq!(end(&mut idle_end).await, None);
    works(&mut good, &mut good_end).await;
}
