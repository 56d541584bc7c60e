//! The client of `tokio-postgres`, for whoever wants one. That driver opens each connection; its two halves, with their
//! buffers of 8 KiB each, are then given up. When somebody asks for a client, another is made on the open
//! connection: it is told, as a server would, that its start-up is done.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config};

use super::stream::Shared;
use crate::postgres::transport::{Bound, PassThrough};

/// The driver's half of a connection.
pub(in crate::postgres) type DriverHalf = tokio_postgres::Connection<LentStream, Bound<LentStream>>;

/// The socket, as the driver has it.
#[derive(Debug)]
pub(in crate::postgres) struct LentStream {
    /// `None`: the connection has ended.
    stream: Option<Shared>,
    /// Read before anything else.
    script: Bytes,
    /// What is left of the start-up packet that no server is to see, and whether its length is known yet.
    swallows: Swallows,
}

#[derive(Debug, Clone, Copy)]
enum Swallows {
    Packet,
    Bytes(usize),
}

impl LentStream {
    /// For the driver that opens the connection.
    pub(in crate::postgres) fn new(stream: Shared) -> Self {
        Self { stream: Some(stream), script: Bytes::new(), swallows: Swallows::Bytes(0) }
    }

    /// Takes as much of these bytes as belongs to the start-up packet, which is written as a whole.
    fn swallow(&mut self, bytes: &[u8]) -> usize {
        let left = match (self.swallows, bytes.first_chunk::<4>()) {
            (Swallows::Bytes(left), _) => left,
            (Swallows::Packet, Some(length)) => u32::from_be_bytes(*length) as usize,
            (Swallows::Packet, None) => bytes.len(),
        };
        let swallowed = left.min(bytes.len());
        self.swallows = Swallows::Bytes(left - swallowed);
        swallowed
    }
}

/// Makes a client for an open connection. `key` is what a cancel request presents.
pub(super) fn introduce(stream: Option<Shared>, key: (u32, &[u8])) -> (Client, DriverHalf) {
    let stream = LentStream { stream, script: script(key), swallows: Swallows::Packet };
    let mut config = Config::new();
    // TLS and authentication lie behind us.
    config.user("-").ssl_mode(SslMode::Disable);
    let introduced = config.connect_raw(stream, PassThrough { end_point: None }).now_or_never();
    #[expect(clippy::expect_used, reason = "what it reads is the script, which is whole and our own")]
    introduced.and_then(Result::ok).expect("a start-up by the script")
}

/// Does what there is to do for that client. Ready when nothing will ever come again.
pub(super) fn attend(half: &mut DriverHalf, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        match half.poll_message(cx) {
            // Notices and notifications; nobody listens to them here.
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
            Poll::Pending => return Poll::Pending,
        }
    }
}

/// AuthenticationOk, BackendKeyData, ReadyForQuery.
fn script((process, secret): (u32, &[u8])) -> Bytes {
    let mut script = BytesMut::new();
    script.put_slice(&[b'R', 0, 0, 0, 8, 0, 0, 0, 0]);
    script.put_slice(&[b'K', 0, 0, 0, 12]);
    script.put_u32(process);
    // The protocol that the driver asks for has four bytes of it.
    script.put_slice(secret.first_chunk::<4>().unwrap_or(&[0; 4]));
    script.put_slice(&[b'Z', 0, 0, 0, 5, b'I']);
    script.freeze()
}

impl AsyncRead for LentStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.script.is_empty() {
            let length = this.script.len().min(buf.remaining());
            buf.put_slice(&this.script.split_to(length));
            return Poll::Ready(Ok(()));
        }
        match &this.stream {
            Some(stream) => Pin::new(&mut *stream.lock()).poll_read(cx, buf),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for LentStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let swallowed = this.swallow(bytes);
        match &this.stream {
            Some(stream) if swallowed == 0 => Pin::new(&mut *stream.lock()).poll_write(cx, bytes),
            Some(_) => Poll::Ready(Ok(swallowed)),
            None => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.stream {
            Some(stream) => Pin::new(&mut *stream.lock()).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.stream {
            Some(stream) => Pin::new(&mut *stream.lock()).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
