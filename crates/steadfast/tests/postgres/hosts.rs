//! Hosts that do not serve: silent, refusing, of the wrong kind, not PostgreSQL at all, or cut off later.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use steadfast::Fault;
use steadfast::config::{PostgresOptions, SslMode, TargetSession};
use steadfast::connector::{Alarm, Condition, Connector as _};
use steadfast::postgres::{PostgresConnection, PostgresConnector};
use steadfast::sql::{SqlConnection as _, TransactionOptions};
use steadfast::verdict::{Class, Step, Verdict};
use steadfast_test::{Cut, Direction, Ending, Postgres, Relay};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::{Notify, OnceCell};
use tokio::time::{Instant, timeout};

/// One of each for the whole binary.
static PRIMARY: OnceCell<Postgres> = OnceCell::const_new();
static STANDBY: OnceCell<Postgres> = OnceCell::const_new();

async fn primary() -> &'static Postgres {
    PRIMARY.get_or_init(Postgres::start).await
}

async fn standby() -> &'static Postgres {
    STANDBY.get_or_init(async || primary().await.standby().await).await
}

/// Nothing listens there, and nothing will.
async fn refusing() -> Relay {
    let relay = Relay::to((Ipv4Addr::LOCALHOST, 1).into()).await;
    relay.set(steadfast_test::Fault::Refuse).await;
    relay
}

/// Accepts and says this, and nothing more; holds every connection open.
async fn says(words: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _sent = stream.write_all(words).await;
            held.push(stream);
        }
    });
    port
}

fn options(ports: &[u16]) -> PostgresOptions {
    let mut options = PostgresOptions::default();
    options.hosts = ports.iter().map(|port| ("127.0.0.1".to_owned(), *port)).collect();
    options.tls.mode = SslMode::Disable;
    options
}

async fn connect(options: PostgresOptions, limit: Duration) -> Result<PostgresConnection, Fault> {
    PostgresConnector::new(options, limit).unwrap().connect(Alarm::silent()).await
}

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_host_that_accepts_and_says_nothing_costs_the_limit_and_names_the_step() {
    for (words, mode, step) in [
        (b"" as &[u8], SslMode::Disable, Step::Authenticate),
        (b"", SslMode::Require, Step::Tls),
        (b"S", SslMode::Require, Step::Tls),
        (b"N", SslMode::Prefer, Step::Authenticate),
        // AuthenticationOk, and then nothing.
        (b"R\0\0\0\x08\0\0\0\0", SslMode::Disable, Step::Startup),
    ] {
        let mut options = options(&[says(words).await]);
        options.tls.mode = mode;
        let began = Instant::now();
        let fault = connect(options, SHORT).await.unwrap_err();
        assert!(began.elapsed() < SHORT * 3, "took {:?}", began.elapsed());
        assert_eq!((fault.class(), fault.step()), (Class::Unreachable, step), "{words:?} {mode:?}: {fault}");
        assert!(fault.remedy().is_some());
    }
}

#[tokio::test]
async fn what_is_not_postgresql_is_said_so() {
    for (words, name) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" as &[u8], "HTTP"),
        (b"J\0\0\0\x0a8.0.36", "MySQL"),
        (b"-ERR unknown command\r\n", "Redis"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
    ] {
        let port = says(words).await;
        let mut with_tls = options(&[port]);
        with_tls.tls.mode = SslMode::Prefer;
        let fault = connect(with_tls, LONG).await.unwrap_err();
        assert!(fault.class() == Class::Permanent && fault.step() == Step::Tls, "{fault}");
        assert!(fault.summary().contains(name) || name == "SSH", "{fault}");
        let fault = connect(options(&[port]), LONG).await.unwrap_err();
        assert_eq!(fault.class(), Class::Permanent, "{name} without TLS: {fault}");
        assert!(fault.remedy().unwrap().contains("host and port"), "{fault}");
    }
}

#[tokio::test]
async fn a_host_that_accepts_and_closes_is_worth_another_try() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for mode in [SslMode::Disable, SslMode::Require] {
        let mut options = options(&[port]);
        options.tls.mode = mode;
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            drop(stream.read(&mut [0; 512]).await);
        };
        let (outcome, ()) = futures_util::future::join(connect(options, LONG), server).await;
        let fault = outcome.unwrap_err();
        assert_eq!((fault.class(), fault.verdict()), (Class::Unavailable, Verdict::RetryLater), "{fault}");
        assert!(fault.summary().contains("without a word"), "{fault}");
    }
}

#[tokio::test]
async fn a_silent_and_a_refusing_host_do_not_keep_from_a_good_one() {
    let good = primary().await.port();
    let refusing = refusing().await;
    let began = Instant::now();
    let connection =
        connect(options(&[says(b"").await, refusing.port(), good]), Duration::from_secs(3)).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "the silent one gets a third: {:?}", began.elapsed());
    assert_eq!(connection.server().port, good);
}

#[tokio::test]
async fn when_no_host_serves_each_is_listed_with_its_reason() {
    let (silent, closed) = (says(b"").await, refusing().await);
    let refusing = closed.port();
    let mut options = options(&[silent, refusing]);
    options.hosts.push(("no-such-host.invalid".to_owned(), 1));
    let fault = connect(options, Duration::from_secs(1)).await.unwrap_err();
    for part in [&silent.to_string(), &refusing.to_string(), "no-such-host.invalid:1", "refused", "no answer"]
    {
        assert!(fault.summary().contains(part), "{part} is missing: {fault}");
    }
    assert_eq!(fault.class(), Class::Unreachable);
}

#[tokio::test]
async fn each_kind_of_server_is_found_in_any_order() {
    let (primary, standby) = (primary().await.port(), standby().await.port());
    for hosts in [[primary, standby], [standby, primary]] {
        for (target, expected) in [
            (TargetSession::Any, hosts[0]),
            (TargetSession::ReadWrite, primary),
            (TargetSession::ReadOnly, standby),
            (TargetSession::Primary, primary),
            (TargetSession::Standby, standby),
            (TargetSession::PreferStandby, standby),
        ] {
            let mut options = options(&hosts);
            options.target_session = target;
            let connection = connect(options, LONG).await.unwrap();
            assert_eq!(connection.server().port, expected, "{target:?} of {hosts:?}");
            assert_eq!(connection.in_hot_standby(), Some(expected == standby));
        }
    }
}

#[tokio::test]
async fn a_kind_that_is_not_there_is_said_not_to_be() {
    let primary = primary().await.port();
    for target in [TargetSession::Standby, TargetSession::ReadOnly] {
        let mut options = options(&[primary]);
        options.target_session = target;
        let fault = connect(options, LONG).await.unwrap_err();
        assert_eq!((fault.class(), fault.step()), (Class::Unavailable, Step::Startup), "{fault}");
        assert!(fault.summary().contains("target_session_attrs"), "{fault}");
    }
    let mut options = options(&[primary]);
    options.target_session = TargetSession::PreferStandby;
    assert_eq!(
        connect(options.clone(), LONG).await.unwrap().server().port,
        primary,
        "the second pass takes any"
    );
    options.hosts = vec![("127.0.0.1".to_owned(), standby().await.port())];
    options.target_session = TargetSession::ReadWrite;
    assert_eq!(connect(options.clone(), LONG).await.unwrap_err().class(), Class::Unavailable);
    // What is read-only by a setting is found out too.
    options.hosts = vec![("127.0.0.1".to_owned(), primary)];
    options.options = Some("-c default_transaction_read_only=on".to_owned());
    assert_eq!(connect(options, LONG).await.unwrap_err().class(), Class::Unavailable);
}

#[tokio::test]
async fn a_write_refused_by_a_standby_condemns_the_connection_where_writes_are_expected() {
    let mut options = options(&[standby().await.port()]);
    let mut connection = connect(options.clone(), LONG).await.unwrap();
    let fault = connection.execute("CREATE TABLE t (a int)", &[]).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::ReadOnlyServer, Some("25006")), "{fault}");
    assert_eq!(fault.verdict(), Verdict::RetryElsewhere);
    options.target_session = TargetSession::Standby;
    let mut connection = connect(options, LONG).await.unwrap();
    let fault = connection.execute("CREATE TABLE t (a int)", &[]).await.unwrap_err();
    assert_eq!(fault.class(), Class::Statement, "{fault}");
}

#[tokio::test]
async fn a_cut_is_seen_without_touching_the_connection() {
    for manner in [Ending::Fin, Ending::Rst, Ending::HalfClose] {
        let relay = Relay::to(primary().await.addr()).await;
        let rung = Arc::new(Notify::new());
        let ring = Arc::clone(&rung);
        let connector = PostgresConnector::new(options(&[relay.port()]), LONG).unwrap();
        let mut connection = connector.connect(Alarm::new(move || ring.notify_one())).await.unwrap();
        relay.cut_all(manner).await;
        timeout(Duration::from_secs(5), rung.notified()).await.expect("the alarm rings");
        let Condition::Lost(fault) = connector.inspect(&connection) else { panic!("{manner:?} is a loss") };
        assert_eq!(
            (fault.class(), fault.verdict()),
            (Class::ConnectionLost, Verdict::RetryElsewhere),
            "{fault}"
        );
        assert!(fault.remedy().is_some());
        let fault = connection.execute("SELECT 1", &[]).await.unwrap_err();
        assert_eq!(fault.verdict(), Verdict::RetryElsewhere, "nothing was sent any more: {fault}");
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_of_unknown_outcome() {
    let relay = Relay::to(primary().await.addr()).await;
    relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT"));
    let mut connection = connect(options(&[relay.port()]), LONG).await.unwrap();
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.execute("CREATE TABLE unanswered (a int)", &[]).await.unwrap();
    let fault = connection.commit().await.unwrap_err();
    assert_eq!((fault.class(), fault.step()), (Class::ConnectionLost, Step::Commit));
    assert_eq!(fault.verdict(), Verdict::OutcomeUnknown, "{fault}");
    let mut other = connect(options(&[primary().await.port()]), LONG).await.unwrap();
    let rows = other.query("SELECT 1 FROM pg_class WHERE relname = 'unanswered'", &[]).await.unwrap();
    assert_eq!(rows.len(), 1, "it was committed all the same");
}
