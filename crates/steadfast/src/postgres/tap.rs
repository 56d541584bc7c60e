//! A look at the bytes that pass, above TLS.
//!
//! Whoever speaks on the connection, the line or the client of `tokio-postgres`, some things must be known: whether a request is in flight, whether a transaction is open, how
//! a COMMIT was answered, what the server said before it hung up. The tap reads it off the frames that pass.
//! It changes nothing, delays nothing and keeps nothing but what [`Observed`] holds.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use steadfast_wire::{Backend, CAPTURE_LIMIT, Scanner, TransactionStatus, Visitor, query_text};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::observed::Observed;
use super::signs::{End, Unfinished};
use super::standing;
use super::touch::TextWatch;

/// The longest frame before authentication is done. libpq accepts 30000 bytes there; whoever announces more
/// is no PostgreSQL server, and nobody is to wait for it with a growing buffer.
const BEFORE_AUTHENTICATION: u32 = 64 * 1024;

/// A stream whose frames are watched.
#[derive(Debug)]
pub(crate) struct Tap<S> {
    stream: S,
    observed: Arc<Observed>,
    backend: Scanner,
    frontend: Scanner,
    watch: TextWatch,
    last_was_sync: bool,
    authenticated: bool,
}

impl<S> Tap<S> {
    /// Watches a stream on which nothing but the negotiation of TLS has happened.
    pub(crate) fn new(stream: S, observed: Arc<Observed>) -> Self {
        let mut backend = Scanner::tagged();
        backend.limit(BEFORE_AUTHENTICATION);
        Self {
            watch: TextWatch::new(Arc::clone(observed.catalogue())),
            stream,
            observed,
            backend,
            authenticated: false,
            frontend: Scanner::startup(),
            last_was_sync: false,
        }
    }

    /// True when nothing of a next message of the server's has arrived.
    pub(crate) fn is_between_frames(&self) -> bool {
        self.backend.is_between_frames()
    }

    fn saw_incoming(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            self.observed.ended(End::Eof);
            return Ok(());
        }
        self.observed.received(bytes.len());
        if !self.authenticated && self.observed.is_authenticated() {
            self.authenticated = true;
            self.backend.limit(u32::MAX);
        }
        let mut eye =
            Incoming { observed: &self.observed, watch: &mut self.watch, last_was_sync: self.last_was_sync };
        self.backend.feed(bytes, &mut eye).map_err(|error| {
            self.observed.ended(End::Nonsense(error));
            io::Error::new(io::ErrorKind::InvalidData, error)
        })
    }

    fn saw_outgoing(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.observed.written(bytes.len());
        let mut eye = Outgoing {
            observed: &self.observed,
            watch: &mut self.watch,
            last_was_sync: &mut self.last_was_sync,
        };
        self.frontend
            .feed(bytes, &mut eye)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
    }

    fn failed(&self, error: &io::Error) {
        // TLS reports an end without its goodbye as an error; to us it is the same end.
        let end = if error.kind() == io::ErrorKind::UnexpectedEof {
            End::Eof
        } else {
            End::Io(error.kind(), error.to_string())
        };
        self.observed.ended(end);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let tap = self.get_mut();
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        if let Err(error) = ready!(Pin::new(&mut tap.stream).poll_read(cx, buf)) {
            tap.failed(&error);
            return Poll::Ready(Err(error));
        }
        Poll::Ready(tap.saw_incoming(buf.filled().get(before..).unwrap_or_default()))
    }
}

impl<S: AsyncWrite + Unpin> Tap<S> {
    fn after_write(&mut self, bytes: &[u8], outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        // Bytes that the socket does not take are part of a request that is under way.
        self.observed.mark(Unfinished::Blocked, outcome.is_pending());
        let outcome = ready!(outcome);
        match &outcome {
            Ok(written) => self.saw_outgoing(bytes.get(..*written).unwrap_or_default())?,
            Err(error) => self.failed(error),
        }
        Poll::Ready(outcome)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let tap = self.get_mut();
        let outcome = Pin::new(&mut tap.stream).poll_write(cx, bytes);
        tap.after_write(bytes, outcome)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tap = self.get_mut();
        let outcome = Pin::new(&mut tap.stream).poll_flush(cx);
        if let Poll::Ready(Err(error)) = &outcome {
            tap.failed(error);
        }
        outcome
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

struct Incoming<'a> {
    observed: &'a Observed,
    watch: &'a mut TextWatch,
    last_was_sync: bool,
}

impl Visitor for Incoming<'_> {
    fn start(&mut self, tag: u8, _length: usize) -> usize {
        Backend::wanted(tag)
    }

    fn end(&mut self, tag: u8, _length: usize, body: &[u8]) {
        match tag {
            // These two end each request, and are read without making a message of them.
            b'C' => self.completed(Backend::command_tag(body)),
            b'Z' => Backend::status(body).into_iter().for_each(|status| self.ready(status)),
            // ParseComplete, BindComplete, CloseComplete, rows and their descriptions.
            b'1' | b'2' | b'3' | b'D' | b'T' | b't' | b'n' => {}
            _ => self.others(tag, body),
        }
    }
}

impl Incoming<'_> {
    fn completed(&mut self, tag: &[u8]) {
        self.observed.completed(tag);
        if self.watch.lifted(tag) {
            self.observed.standing().lifted();
        } else if self.watch.completed(tag) {
            self.observed.traces().touch();
        }
    }

    fn ready(&mut self, status: TransactionStatus) {
        self.observed.mark(Unfinished::CopyIn, false);
        self.observed.ready(status);
        if self.observed.in_flight() == 0 {
            self.watch.settled();
        }
    }

    fn others(&mut self, tag: u8, body: &[u8]) {
        match Backend::read(tag, body) {
            Some(Backend::Error(report)) => self.observed.reported(report),
            Some(Backend::Notice(report)) => self.observed.warned(report),
            Some(Backend::Parameter { name, value }) => self.observed.parameter_changed(&name, &value),
            Some(Backend::Key { process, secret }) => self.observed.key_given(process, secret),
            Some(Backend::Authentication(0)) => self.observed.authenticated(),
            Some(Backend::CopyIn) => {
                self.observed.mark(Unfinished::CopyIn, true);
                // In the extended protocol the Sync behind the Execute was already sent. The server ignores
                // it while it reads COPY data; the one behind CopyDone is answered.
                if self.last_was_sync {
                    self.observed.request_swallowed();
                }
            }
            Some(_) | None => {}
        }
    }
}

struct Outgoing<'a> {
    observed: &'a Observed,
    watch: &'a mut TextWatch,
    last_was_sync: &'a mut bool,
}

impl Visitor for Outgoing<'_> {
    fn start(&mut self, tag: u8, _length: usize) -> usize {
        match tag {
            // The start-up packet is answered by a ReadyForQuery as well.
            0 => self.observed.request_sent(),
            b'Q' | b'F' => {
                *self.last_was_sync = false;
                self.observed.request_sent();
            }
            b'S' if self.observed.is_marked(Unfinished::CopyIn) => {}
            b'S' => {
                *self.last_was_sync = true;
                self.observed.request_synced();
            }
            b'P' | b'B' | b'E' | b'D' | b'C' | b'H' => self.observed.mark(Unfinished::Pipeline, true),
            b'c' | b'f' => {
                self.observed.mark(Unfinished::CopyIn, false);
            }
            _ => {}
        }
        match tag {
            b'Q' | b'P' => CAPTURE_LIMIT,
            b'B' => self.watch.bind_wanted(),
            _ => 0,
        }
    }

    fn end(&mut self, tag: u8, length: usize, body: &[u8]) {
        let touches = match tag {
            b'Q' => {
                if query_text(body) == standing::SET.as_bytes() {
                    self.observed.standing().sent();
                }
                self.watch.query(body, length)
            }
            b'P' => self.watch.parse(body, length),
            b'B' => self.watch.bind(body),
            _ => false,
        };
        if touches {
            self.observed.traces().touch();
        }
    }
}

#[cfg(test)]
mod tests;
