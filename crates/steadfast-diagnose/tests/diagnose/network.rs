//! Names without an address, ports on which nobody or somebody else listens.

use std::net::SocketAddr;
use std::time::Duration;

use steadfast_diagnose::Verdict;
use steadfast_test::{Fault, Postgres, Relay};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{broken, finding, page, run, run_with, snapshot};

/// Listens and does this with every caller: says something at once, or after this was heard, or nothing.
async fn listener(greeting: &'static [u8], reply: &'static [u8], wants_line: bool) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::task::spawn_local(async move {
                drop(stream.write_all(greeting).await);
                let mut heard = Vec::new();
                let mut buffer = [0; 256];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    heard.extend_from_slice(&buffer[..read]);
                    if !wants_line || heard.contains(&b'\n') {
                        drop(stream.write_all(reply).await);
                        if !reply.is_empty() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}

async fn locally<T>(test: impl Future<Output = T>) -> T {
    tokio::task::LocalSet::new().run_until(test).await
}

fn url(address: SocketAddr) -> String {
    format!("postgres://alice:hunter2secret@{address}/app?connect_timeout=2")
}

#[tokio::test]
async fn nothing_listens() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let report = run(&url(address)).await;
    broken(&report, "tcp", Some("connection-refused"));
    assert_eq!(finding(&report, "protocol").verdict(), Verdict::Skipped);
    snapshot!("wrong_port", report);
}

#[tokio::test]
async fn a_name_without_an_address() {
    let report = run("postgres://alice:hunter2secret@no-such-host.invalid:5432/app").await;
    broken(&report, "dns", Some("host-not-found"));
    // What the resolver says differs between machines.
    let page = page(&report);
    assert!(page.contains("no-such-host.invalid") && page.contains("skipped until dns works"), "{page}");
}

#[tokio::test]
async fn a_socket_directory_without_a_socket() {
    let report = run("postgres://alice@/app?host=/nonexistent-directory").await;
    broken(&report, "tcp", Some("local-socket-missing"));
    snapshot!("no_socket", report);
}

#[tokio::test]
async fn another_service_is_named() {
    locally(async {
        for (greeting, reply, wants_line, entry, name) in [
            (
                b"" as &[u8],
                b"HTTP/1.1 400 Bad Request\r\n\r\n" as &[u8],
                false,
                "http-port",
                "an HTTP server",
            ),
            (b"", b"HTTP/1.0 501 Unsupported method\r\n\r\n", true, "http-port", "an HTTP server"),
            (b"J\0\0\0\x0a8.0.36\0", b"", false, "mysql-port", "a MySQL server"),
            (b"", b"-ERR unknown command 'HEAD'\r\n", true, "redis-port", "a Redis server"),
            (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", b"", false, "ssh-port", "an SSH server"),
        ] {
            let address = listener(greeting, reply, wants_line).await;
            let report = run(&url(address)).await;
            broken(&report, "protocol", Some(entry));
            assert!(page(&report).contains(name), "{}", page(&report));
            if entry == "ssh-port" {
                snapshot!("ssh_port", report);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_proxy_without_a_database_behind_it() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    relay.set(Fault::AcceptThenClose).await;
    let url = relay.url_from(&postgres) + "?connect_timeout=2";
    let report = run(&url).await;
    broken(&report, "protocol", Some("closed-while-connecting"));
    snapshot!("accept_then_close", report);
    relay.set(Fault::AcceptThenSilence).await;
    let report = run(&url).await;
    broken(&report, "protocol", Some("connect-timeout"));
    snapshot!("accept_then_silence", report);
}

#[tokio::test]
async fn one_of_several_hosts_is_enough() {
    let postgres = Postgres::start().await;
    let port = postgres.port();
    let url = format!("postgres://steadfast@no-such-host.invalid:1,127.0.0.1:{port}/steadfast");
    let report =
        run_with(&url, |options| options.only = ["dns", "tcp", "protocol"].map(str::to_owned).to_vec()).await;
    assert_eq!(finding(&report, "dns").verdict(), Verdict::Warning, "{}", page(&report));
    assert_eq!(finding(&report, "tcp").verdict(), Verdict::Ok, "{}", page(&report));
}

#[tokio::test]
async fn a_path_that_falls_silent_ends_every_check_in_time() {
    let postgres = Postgres::start().await;
    let relay = Relay::to(postgres.addr()).await;
    relay.set_latency(Duration::from_millis(20), Duration::ZERO);
    relay.arm(
        steadfast_test::Cut::at_byte(steadfast_test::Direction::ToClient, 4000)
            .ending(steadfast_test::Ending::Silence)
            .times(u64::MAX),
    );
    let report = run(&(relay.url_from(&postgres) + "?connect_timeout=2")).await;
    // Whichever of them is hit says so, and those that open connections of their own go on.
    assert!(report.took < Duration::from_secs(60), "{:?}", report.took);
    assert!(
        page(&report).contains("does not answer") || report.verdict() == Verdict::Ok,
        "{}",
        page(&report)
    );
}
