//! The line against a server that is a script, on a socket of its own.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use proptest::prelude::*;
use steadfast_wire::TransactionStatus;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::*;
use crate::postgres::catalogue::Catalogue;
use crate::postgres::doorbell::Doorbell;
use crate::postgres::driver::{ConnectionEngine, unattended};
use crate::postgres::observed::Observed;
use crate::postgres::tap::Tap;
use crate::postgres::transport::Transport;
use crate::sql::Value;
use crate::tasks;

/// A line, and the other end of its socket.
struct Rig {
    line: Line,
    engine: Arc<ConnectionEngine>,
    observed: Arc<Observed>,
    server: UnixStream,
}

fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn frames(frames: &[(u8, &[u8])]) -> Vec<u8> {
    frames.iter().flat_map(|(tag, body)| frame(*tag, body)).collect()
}

fn row(text: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 1];
    body.extend_from_slice(&u32::try_from(text.len()).unwrap().to_be_bytes());
    body.extend_from_slice(text);
    body
}

/// A RowDescription of one column, of the type text.
const COLUMN: &[u8] = b"\0\x01c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0";

/// What answers a query for one text.
fn answer(text: &[u8]) -> Vec<u8> {
    frames(&[(b'T', COLUMN), (b'D', &row(text)), (b'C', b"SELECT 1\0"), (b'Z', b"I")])
}

/// A setting that the server reports unasked.
fn report() -> Vec<u8> {
    frame(b'S', b"application_name\0somebody else\0")
}

impl Rig {
    async fn new() -> Self {
        let (near, mut server) = UnixStream::pair().unwrap();
        let observed = Arc::new(Observed::new(Arc::new(Catalogue::of_nothing())));
        let mut tap = Tap::new(Transport::Unix(near), Arc::clone(&observed));
        let mut startup = 8_u32.to_be_bytes().to_vec();
        startup.extend_from_slice(&[0, 3, 0, 0]);
        tap.write_all(&startup).await.unwrap();
        let welcome = frames(&[(b'R', &[0; 4]), (b'K', &[0, 0, 0, 9, 1, 2, 3, 4]), (b'Z', b"I")]);
        server.write_all(&welcome).await.unwrap();
        tap.read_exact(&mut vec![0; welcome.len()]).await.unwrap();
        server.read_exact(&mut [0; 8]).await.unwrap();
        let wire = Wire::new(Stream::of(tap), Arc::clone(&observed));
        let engine = unattended(wire, Doorbell::new(), Arc::clone(&observed));
        let driven = Arc::clone(&engine);
        drop(tasks::spawn("driver", poll_fn(move |cx| driven.attend(cx))));
        let line = Line::new(Arc::clone(&engine), Arc::clone(&observed));
        Self { line, engine, observed, server }
    }

    /// Asks, is answered, and gives the answer.
    async fn asks(&mut self, answer: &[u8]) -> Result<Vec<RawRow>, Failure> {
        let Self { line, server, .. } = self;
        let answering = async {
            hears(server, b'Q').await;
            server.write_all(answer).await.unwrap();
        };
        tokio::join!(line.text("SELECT 1"), answering).0
    }
}

/// Waits for a message from the line, and gives its body.
async fn hears(server: &mut UnixStream, expected: u8) -> Vec<u8> {
    let mut header = [0; 5];
    server.read_exact(&mut header).await.unwrap();
    let [tag, length @ ..] = header;
    assert_eq!(char::from(tag), char::from(expected));
    let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
    server.read_exact(&mut body).await.unwrap();
    body
}

/// Lets others run until it is so.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[tokio::test]
async fn an_answer_that_comes_together_with_the_end_is_an_answer() {
    let mut rig = Rig::new().await;
    let Rig { line, server, .. } = &mut rig;
    let end = async {
        hears(server, b'Q').await;
        server.write_all(&answer(b"x")).await.unwrap();
        server.shutdown().await.unwrap();
    };
    let (rows, ()) = tokio::join!(line.text("SELECT 1"), end);
    assert_eq!(rows.unwrap()[0].text(0), Some("x"));
    until(|| rig.engine.with(|wire| wire.is_none())).await;
    let line = &rig.line;
    assert!(matches!(line.text("SELECT 2").await, Err(Failure::Over)));
    assert!(matches!(line.ping().await, Err(Failure::Over)));
}

#[tokio::test]
async fn an_error_that_comes_before_the_end_is_told() {
    let mut rig = Rig::new().await;
    let mut fatal = frame(b'E', b"SFATAL\0VFATAL\0C57P01\0Mterminating\0\0");
    fatal.splice(0..0, frame(b'E', b"SERROR\0VERROR\0C22012\0Mdivision by zero\0\0"));
    let failure = rig.asks(&fatal).await.unwrap_err();
    assert!(matches!(&failure, Failure::Reported(report) if report.code == "22012"), "{failure:?}");
    assert!(rig.observed.is_over());
}

#[tokio::test]
async fn whoever_goes_away_leaves_the_line_in_step() {
    let mut rig = Rig::new().await;
    let whole = answer(&[b'x'; 100]);
    {
        let mut gone = pin!(rig.line.text("SELECT 1"));
        assert!(!poll(gone.as_mut()));
        // It is on its way by the time that it is dropped, and a part of the answer has come.
        hears(&mut rig.server, b'Q').await;
        let heard = rig.observed.bytes().0;
        rig.server.write_all(&whole[..20]).await.unwrap();
        until(|| rig.observed.bytes().0 == heard + 20).await;
        assert!(!poll(gone.as_mut()));
    }
    let mut next = pin!(rig.line.text("SELECT 2"));
    assert!(!poll(next.as_mut()), "it waits until that is over");
    rig.server.write_all(&whole[20..]).await.unwrap();
    let server = async {
        assert_eq!(hears(&mut rig.server, b'Q').await, b"SELECT 2\0");
        rig.server.write_all(&answer(b"second")).await.unwrap();
    };
    let (rows, ()) = tokio::join!(next, server);
    assert_eq!(rows.unwrap()[0].text(0), Some("second"));
}

#[tokio::test]
async fn an_answer_that_nobody_took_is_not_the_next_ones() {
    let mut rig = Rig::new().await;
    {
        let mut gone = pin!(rig.line.text("SELECT 1"));
        assert!(!poll(gone.as_mut()));
        hears(&mut rig.server, b'Q').await;
        rig.server.write_all(&answer(b"first")).await.unwrap();
        until(|| !rig.observed.is_busy()).await;
    }
    let rows = rig.asks(&answer(b"second")).await.unwrap();
    assert_eq!((rows.len(), rows[0].text(0)), (1, Some("second")));
}

#[tokio::test]
async fn what_was_not_begun_to_be_sent_never_is() {
    let mut rig = Rig::new().await;
    {
        let mut gone = pin!(rig.line.text("SELECT 'never'"));
        assert!(!poll(gone.as_mut()));
    }
    assert_eq!(rig.observed.sent(), 1, "the start-up packet");
    assert_eq!(rig.asks(&answer(b"x")).await.unwrap()[0].text(0), Some("x"));
    assert_eq!(rig.observed.sent(), 2);
}

#[tokio::test]
async fn what_is_too_wrong_to_be_sent_leaves_nothing() {
    let mut rig = Rig::new().await;
    let many = vec![Value::Null; 65_536];
    for asked in [rig.line.text("SELECT '\0'").await, rig.line.ask("SELECT 1", &many).await] {
        let failure = asked.unwrap_err();
        let Failure::Ours(fault) = &failure else { panic!("{failure:?}") };
        assert!(fault.remedy().unwrap().contains("the statement or a value cannot be sent"), "{fault}");
    }
    assert_eq!(rig.asks(&answer(b"x")).await.unwrap()[0].text(0), Some("x"));
}

#[tokio::test]
async fn more_than_is_taken_in_at_once_comes_whole() {
    let mut rig = Rig::new().await;
    let long = vec![b'y'; 1_000_000];
    let mut bytes = frames(&[(b'T', COLUMN), (b'D', &row(&long))]);
    (0..20_000).for_each(|_| bytes.extend(frame(b'D', &row(b"short"))));
    bytes.extend(frames(&[(b'C', b"SELECT 20001\0"), (b'Z', b"T")]));
    let rows = rig.asks(&bytes).await.unwrap();
    assert_eq!((rows.len(), rows[0].text(0).unwrap().len()), (20_001, long.len()));
    assert_eq!(rig.observed.status(), TransactionStatus::Open);
    assert!(rig.line.room() <= 1024, "{} bytes are kept", rig.line.room());
    let long = String::from_utf8(long).unwrap();
    let Rig { line, server, .. } = &mut rig;
    let answering = async {
        assert!(hears(server, b'Q').await.len() > long.len());
        server.write_all(&answer(b"x")).await.unwrap();
    };
    let (rows, ()) = tokio::join!(line.text(&long), answering);
    assert_eq!(rows.unwrap().len(), 1);
    assert!(rig.line.room() <= 1024, "{} bytes are kept", rig.line.room());
}

#[tokio::test]
async fn whoever_waits_is_told_when_the_socket_goes_with_its_driver() {
    let rig = Rig::new().await;
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut waiting = pin!(rig.line.text("SELECT 1"));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    until(|| rig.observed.is_busy()).await;
    assert!(!woken.0.load(Ordering::Acquire));
    rig.engine.stop();
    assert!(woken.0.load(Ordering::Acquire));
    assert!(matches!(waiting.await, Err(Failure::Over)));
}

#[tokio::test]
async fn a_copy_that_has_no_data_is_ended() {
    let mut rig = Rig::new().await;
    let Rig { line, server, .. } = &mut rig;
    let conversation = async {
        for tag in *b"PBDES" {
            hears(server, tag).await;
        }
        server.write_all(&frame(b'G', &[0, 0, 0])).await.unwrap();
        hears(server, b'f').await;
        // The first one is ignored while the server reads data.
        hears(server, b'S').await;
        let refused = b"SERROR\0VERROR\0C57014\0MCOPY from stdin failed\0\0";
        server.write_all(&frames(&[(b'E', refused), (b'Z', b"I")])).await.unwrap();
    };
    let asking = line.ask("COPY t FROM STDIN", &[]);
    let (failure, ()) = tokio::join!(asking, conversation);
    assert!(matches!(failure, Err(Failure::Reported(report)) if report.code == "57014"));
    assert!(!rig.observed.is_busy());
}

#[tokio::test]
async fn the_drivers_client_takes_turns_with_the_line() {
    let mut rig = Rig::new().await;
    let client = rig.line.lend();
    // A message that nobody asked for, of which a part comes while the one is at it and the rest while the other is.
    let unasked = report();
    let (begins, ends) = unasked.split_at(9);
    rig.server.write_all(begins).await.unwrap();
    for _ in 0..3 {
        let Rig { line, server, .. } = &mut rig;
        let mut asking = pin!(client.simple_query("theirs"));
        let mut waiting = pin!(line.text("ours"));
        assert!(!poll(asking.as_mut()) && !poll(waiting.as_mut()));
        let conversation = async {
            server.write_all(ends).await.unwrap();
            assert_eq!(hears(server, b'Q').await, b"theirs\0");
            server.write_all(&[answer(b"theirs").as_slice(), begins].concat()).await.unwrap();
            server.write_all(ends).await.unwrap();
            assert_eq!(hears(server, b'Q').await, b"ours\0");
            server.write_all(&[answer(b"ours").as_slice(), begins].concat()).await.unwrap();
        };
        let (theirs, ours, ()) = tokio::join!(asking, waiting, conversation);
        assert!(theirs.is_ok(), "{theirs:?}");
        assert_eq!(ours.unwrap()[0].text(0), Some("ours"));
    }
    rig.server.write_all(ends).await.unwrap();
    drop(client);
    hears(&mut rig.server, b'X').await;
}

#[tokio::test]
async fn what_the_client_has_begun_to_read_it_reads_to_the_end() {
    let mut rig = Rig::new().await;
    let _client = rig.line.lend();
    let unasked = report();
    let (begins, ends) = unasked.split_at(9);
    let heard = rig.observed.bytes().0;
    rig.server.write_all(begins).await.unwrap();
    until(|| rig.observed.bytes().0 > heard).await;
    let Rig { line, server, .. } = &mut rig;
    let mut waiting = pin!(line.text("ours"));
    assert!(!poll(waiting.as_mut()));
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let sent = server.try_read(&mut [0]).map_err(|error| error.kind());
    assert_eq!(sent, Err(ErrorKind::WouldBlock), "the rest would be taken for an answer");
    let conversation = async {
        server.write_all(ends).await.unwrap();
        hears(server, b'Q').await;
        server.write_all(&answer(b"ours")).await.unwrap();
    };
    let (ours, ()) = tokio::join!(waiting, conversation);
    assert_eq!(ours.unwrap()[0].text(0), Some("ours"));
}

#[tokio::test]
async fn a_client_of_a_connection_that_has_ended_knows() {
    let mut rig = Rig::new().await;
    rig.server.shutdown().await.unwrap();
    until(|| rig.observed.is_over()).await;
    assert!(matches!(rig.line.ping().await, Err(Failure::Over)));
    let client = rig.line.lend();
    assert!(client.simple_query("SELECT 1").await.unwrap_err().is_closed());
}

#[tokio::test]
async fn goodbye_is_said_before_the_socket_is_closed() {
    let mut rig = Rig::new().await;
    rig.line.terminate();
    hears(&mut rig.server, b'X').await;
    assert_eq!(rig.server.read(&mut [0]).await.unwrap(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_answer_is_the_same_in_whatever_pieces_it_comes(
        cuts in prop::collection::vec(1_usize..60, 1..40), values in prop::collection::vec("[a-z]{0,30}", 0..8)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let rows = runtime.block_on(async {
            let mut rig = Rig::new().await;
            let mut bytes = report();
            bytes.extend(frame(b'T', COLUMN));
            values.iter().for_each(|value| bytes.extend(frame(b'D', &row(value.as_bytes()))));
            bytes.extend(frames(&[(b'C', b"SELECT 1\0"), (b'Z', b"I")]));
            bytes.extend(report());
            let Rig { line, server, observed, .. } = &mut rig;
            let conversation = async {
                hears(server, b'Q').await;
                let mut rest = bytes.as_slice();
                for cut in cuts.iter().cycle() {
                    let (piece, behind) = rest.split_at(rest.len().min(*cut));
                    let heard = observed.bytes().0;
                    server.write_all(piece).await.unwrap();
                    until(|| observed.bytes().0 > heard).await;
                    rest = behind;
                    if rest.is_empty() {
                        break;
                    }
                }
            };
            tokio::join!(line.text("SELECT 1"), conversation).0
        });
        let texts: Vec<_> = rows.unwrap().iter().map(|row| row.text(0).unwrap().to_owned()).collect();
        prop_assert_eq!(texts, values);
    }
}
