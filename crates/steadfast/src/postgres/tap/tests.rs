use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use steadfast_wire::TransactionStatus;

use super::super::catalogue::Catalogue;
use super::super::signs::Command;
use super::*;

struct Pair {
    tap: Tap<DuplexStream>,
    server: DuplexStream,
    observed: Arc<Observed>,
}

fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

impl Pair {
    /// A connection that has come as far as its first ReadyForQuery.
    async fn started() -> Self {
        let (near, server) = duplex(1 << 16);
        let observed = Arc::new(Observed::new(Arc::new(Catalogue::of_nothing())));
        let mut pair = Self { tap: Tap::new(near, Arc::clone(&observed)), server, observed };
        let mut startup = 8_u32.to_be_bytes().to_vec();
        startup.extend_from_slice(&[0, 3, 0, 0]);
        pair.tap.write_all(&startup).await.unwrap();
        assert!(pair.observed.is_busy(), "the start-up packet waits for its answer");
        assert!(!pair.observed.is_authenticated());
        pair.answers(&[(b'R', &[0, 0, 0, 0]), (b'K', &[0, 0, 0, 9, 1, 2, 3, 4]), (b'Z', b"I")]).await;
        assert!(pair.observed.is_authenticated() && !pair.observed.is_busy());
        assert_eq!(pair.observed.key(), (9, vec![1, 2, 3, 4]));
        pair
    }

    async fn sends(&mut self, frames: &[(u8, &[u8])]) {
        for (tag, body) in frames {
            self.tap.write_all(&frame(*tag, body)).await.unwrap();
        }
    }

    async fn answers(&mut self, frames: &[(u8, &[u8])]) {
        for (tag, body) in frames {
            let bytes = frame(*tag, body);
            self.server.write_all(&bytes).await.unwrap();
            let mut read = vec![0; bytes.len()];
            self.tap.read_exact(&mut read).await.unwrap();
            assert_eq!(read, bytes, "the tap changes nothing");
        }
    }
}

#[tokio::test]
async fn requests_are_counted_until_each_is_answered() {
    let mut pair = Pair::started().await;
    pair.sends(&[(b'Q', b"BEGIN\0"), (b'Q', b"SELECT 1\0"), (b'F', b"")]).await;
    assert_eq!(pair.observed.in_flight(), 3);
    pair.answers(&[(b'C', b"BEGIN\0"), (b'Z', b"T"), (b'C', b"SELECT 1\0"), (b'Z', b"T")]).await;
    assert_eq!((pair.observed.in_flight(), pair.observed.status()), (1, TransactionStatus::Open));
    pair.answers(&[(b'Z', b"E")]).await;
    assert_eq!((pair.observed.in_flight(), pair.observed.status()), (0, TransactionStatus::Failed));
    assert_eq!(pair.observed.sent(), 4);
}

#[tokio::test]
async fn a_pipeline_without_its_sync_is_unfinished() {
    let mut pair = Pair::started().await;
    pair.sends(&[(b'P', b"\0SELECT 1\0\0\0"), (b'B', b"\0\0"), (b'E', b"\0\0\0\0\0")]).await;
    assert!(pair.observed.is_busy() && pair.observed.in_flight() == 0);
    pair.sends(&[(b'S', b"")]).await;
    pair.answers(&[(b'Z', b"I")]).await;
    assert!(!pair.observed.is_busy());
}

#[tokio::test]
async fn the_sync_that_a_copy_swallows_is_not_waited_for() {
    let mut pair = Pair::started().await;
    pair.sends(&[(b'B', b"\0\0"), (b'E', b"\0\0\0\0\0"), (b'S', b"")]).await;
    pair.answers(&[(b'G', b"\0\0\0")]).await;
    assert!(pair.observed.is_busy(), "data is expected");
    pair.sends(&[(b'd', b"x"), (b'c', b""), (b'S', b"")]).await;
    assert_eq!(pair.observed.in_flight(), 1);
    pair.answers(&[(b'C', b"COPY 1\0"), (b'Z', b"I")]).await;
    assert!(!pair.observed.is_busy());
    // By simple query there is no Sync, and one answer.
    pair.sends(&[(b'Q', b"COPY t FROM STDIN\0")]).await;
    pair.answers(&[(b'G', b"\0\0\0")]).await;
    pair.sends(&[(b'd', b"x"), (b'c', b"")]).await;
    assert!(pair.observed.is_busy());
    pair.answers(&[(b'C', b"COPY 1\0"), (b'Z', b"I")]).await;
    assert!(!pair.observed.is_busy());
}

#[tokio::test]
async fn the_tag_of_a_commit_is_kept() {
    let mut pair = Pair::started().await;
    for (tag, expected) in [
        (b"COMMIT\0" as &[u8], Command::Commit),
        (b"ROLLBACK\0", Command::Rollback),
        (b"SELECT 1\0", Command::Other),
    ] {
        pair.answers(&[(b'C', tag)]).await;
        assert_eq!(pair.observed.command(), expected);
    }
}

#[tokio::test]
async fn last_words_end_the_connection_and_are_news_once() {
    let mut pair = Pair::started().await;
    pair.answers(&[(b'E', b"SERROR\0VERROR\0C22012\0Mdivision by zero\0\0")]).await;
    assert!(!pair.observed.is_over(), "an error is not the end");
    assert_eq!(pair.observed.last_error().unwrap().code, "22012");
    pair.answers(&[(b'E', b"SFATAL\0VFATAL\0C57P01\0Mterminating\0\0")]).await;
    assert!(pair.observed.is_over());
    assert_eq!(pair.observed.last_fatal().unwrap().code, "57P01");
    assert!(pair.observed.take_news() && !pair.observed.take_news());
}

#[tokio::test]
async fn an_end_and_a_nonsense_are_told_apart() {
    let mut pair = Pair::started().await;
    drop(pair.server);
    assert_eq!(pair.tap.read(&mut [0; 8]).await.unwrap(), 0);
    assert_eq!(pair.observed.end(), Some(End::Eof));
    let mut pair = Pair::started().await;
    pair.server.write_all(b"HTTP/1.1 400 Bad Request").await.unwrap();
    let error = pair.tap.read(&mut [0; 64]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(matches!(pair.observed.end(), Some(End::Nonsense(_))));
}

#[tokio::test]
async fn before_authentication_nobody_may_announce_much() {
    let (near, mut server) = duplex(64);
    let observed = Arc::new(Observed::new(Arc::new(Catalogue::of_nothing())));
    let mut tap = Tap::new(near, Arc::clone(&observed));
    server.write_all(b"E\x00\x01\x00\x01").await.unwrap();
    assert!(tap.read(&mut [0; 64]).await.is_err());
    let mut pair = Pair::started().await;
    pair.server.write_all(b"D\x10\x00\x00\x00").await.unwrap();
    assert_eq!(pair.tap.read(&mut [0; 64]).await.unwrap(), 5, "a row may be long");
}

#[tokio::test]
async fn bytes_that_the_socket_does_not_take_are_part_of_a_request() {
    let (near, _server) = duplex(16);
    let observed = Arc::new(Observed::new(Arc::new(Catalogue::of_nothing())));
    let mut tap = Tap::new(near, Arc::clone(&observed));
    let mut startup = 40_u32.to_be_bytes().to_vec();
    startup.resize(40, 0);
    let write = tap.write_all(&startup);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(20), write).await.is_err());
    assert!(observed.is_marked(Unfinished::Blocked) && observed.is_busy());
}

#[tokio::test]
async fn parameters_are_followed_and_bounded() {
    let mut pair = Pair::started().await;
    pair.answers(&[(b'S', b"in_hot_standby\0on\0"), (b'S', b"in_hot_standby\0off\0")]).await;
    assert_eq!(pair.observed.parameter("in_hot_standby").as_deref(), Some("off"));
    for number in 0..1000 {
        pair.answers(&[(b'S', format!("p{number}\0x\0").as_bytes())]).await;
    }
    assert_eq!(pair.observed.parameter("p10").as_deref(), Some("x"));
    assert_eq!(pair.observed.parameter("p999"), None);
}
