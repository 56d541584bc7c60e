//! The socket, with what is on its way out and what has come in.
//!
//! All of it is under the engine's lock: who waits looks and leaves his waker, whoever drives changes something and wakes him,
//! and neither happens in the middle of the other.
//!
//! The client of `tokio-postgres`, where somebody has asked for one, speaks on the same socket. The two take turns: a request
//! of ours is sent when the client's have been answered, at the boundary of a frame, and the client is
//! silent until ours is.

use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio_postgres::Client;

use super::answers::{Answers, Wanted};
use super::frames::{each_frame, ends_within_a_frame};
use super::lent::{DriverHalf, attend};
use super::packet::refuse_copy;
use super::stream::{Shared, Stream};
use crate::postgres::engine::Driven;
use crate::postgres::observed::Observed;

/// A connection's socket, buffers, and those who wait.
pub(in crate::postgres) struct Wire {
    stream: Stream,
    observed: Arc<Observed>,
    outgoing: BytesMut,
    /// Begins with the header of a frame.
    incoming: Vec<u8>,
    /// How much of it nobody has looked at yet.
    fresh: usize,
    /// There was nothing to read when it was last tried, and whoever drives has not been woken since. He will be.
    drained: bool,
    /// Nothing more is read until somebody has looked.
    stalled: bool,
    /// A request of ours is being sent or answered.
    engaged: bool,
    /// Somebody wants the answer.
    listening: bool,
    /// Who waits: for the answer, or until he can ask.
    waiting: Option<Waker>,
    /// Nothing will come any more.
    broken: bool,
    /// The socket is to be closed when all is sent.
    ending: bool,
    lent: Option<Box<DriverHalf>>,
}

/// As much is read at once.
const CHUNK: usize = 16 * 1024;

/// As much is taken in before somebody has to look at it.
const UNSEEN: usize = 64 * 1024;

/// As much room is kept in each direction between two requests.
const KEPT: usize = 1024;

impl Wire {
    pub(in crate::postgres) fn new(stream: Stream, observed: Arc<Observed>) -> Self {
        Self {
            stream,
            observed,
            outgoing: BytesMut::new(),
            incoming: Vec::new(),
            fresh: 0,
            drained: false,
            stalled: false,
            engaged: false,
            listening: false,
            waiting: None,
            broken: false,
            ending: false,
            lent: None,
        }
    }

    /// True when a request can be handed over.
    pub(super) fn is_free(&self) -> bool {
        !self.engaged && !self.listening && self.outgoing.is_empty()
    }

    /// Who is called as soon as there is something new.
    pub(super) fn wait(&mut self, waker: &Waker) {
        match &mut self.waiting {
            Some(known) => known.clone_from(waker),
            None => self.waiting = Some(waker.clone()),
        }
    }

    /// True when there is something to do that waited for somebody to look.
    pub(super) fn is_due(&self) -> bool {
        self.broken || self.stalled || !self.outgoing.is_empty()
    }

    /// Where a request is written to, while the wire is free.
    pub(super) fn compose(&mut self) -> &mut BytesMut {
        &mut self.outgoing
    }

    /// What was composed is to be sent, and somebody wants the answer.
    pub(super) fn listen(&mut self) {
        self.listening = true;
    }

    /// Hands what has come to whom it is for. True when he has it all.
    pub(super) fn deliver(&mut self, answers: &mut Answers) -> bool {
        let outgoing = &mut self.outgoing;
        each_frame(&mut self.incoming, |tag, body| match answers.hear(tag, body) {
            Wanted::Nothing => {}
            Wanted::EndOfCopy { extended } => refuse_copy(extended, outgoing),
        });
        self.fresh = 0;
        let complete = answers.is_complete() && !self.engaged && self.outgoing.is_empty();
        if complete {
            // The waker would keep what is left of the caller's task.
            (self.listening, self.waiting) = (false, None);
            self.shrink();
        }
        complete
    }

    /// Nobody wants the answer any more. What was not begun to be sent never is.
    pub(super) fn abandon(&mut self) {
        (self.listening, self.waiting) = (false, None);
        if !self.engaged {
            self.outgoing.clear();
        }
        each_frame(&mut self.incoming, |_, _| {});
        self.fresh = 0;
        self.shrink();
    }

    /// Nothing more can be expected.
    pub(super) fn is_over(&self) -> bool {
        self.broken || self.observed.is_over()
    }

    /// Says goodbye, and closes the socket.
    pub(super) fn terminate(&mut self) {
        if !self.engaged {
            self.outgoing.clear();
        }
        frontend::terminate(&mut self.outgoing);
        self.ending = true;
    }

    /// The driver's client speaks here as well from now on.
    pub(super) fn lend(&mut self, introduce: impl FnOnce(Shared) -> (Client, DriverHalf)) -> Client {
        let (client, half) = introduce(self.stream.lend());
        self.lent = Some(Box::new(half));
        client
    }

    fn work(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if !self.engaged {
                ready!(self.idle(cx))?;
                self.engaged = true;
            }
            ready!(self.converse(cx))?;
            self.engaged = false;
            if self.ending {
                return self.stream.with(|tap| Pin::new(tap).poll_shutdown(cx)).map(|_| Err(ended()));
            }
        }
    }

    /// While nothing of ours is under way. Ready when something can be.
    fn idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.lent.is_some() && ends_within_a_frame(&self.incoming) {
            // The client would take the rest of it for the beginning of another.
            ready!(self.read(cx))?;
        }
        if let Some(half) = &mut self.lent {
            if attend(half, cx).is_ready() {
                return Poll::Ready(Err(ended()));
            }
            // What arrives, or its next request, brings the next turn.
            if self.observed.is_busy() || !self.stream.with(|tap| tap.is_between_frames()) {
                return Poll::Pending;
            }
        }
        if !self.outgoing.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while self.lent.is_none() {
            ready!(self.read(cx))?;
        }
        Poll::Pending
    }

    /// Sends, and reads until all is answered.
    fn converse(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let sent = self.stream.poll_send(cx, &mut self.outgoing)?.is_ready();
            if sent && !self.observed.is_busy() {
                return Poll::Ready(Ok(()));
            }
            self.stalled = self.listening && self.fresh >= UNSEEN;
            if self.stalled {
                // Who listens rings when he has looked.
                return Poll::Pending;
            }
            ready!(self.read(cx))?;
        }
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.drained {
            return Poll::Pending;
        }
        let mut space = [MaybeUninit::uninit(); CHUNK];
        let mut chunk = ReadBuf::uninit(&mut space);
        let read = self.stream.with(|tap| Pin::new(tap).poll_read(cx, &mut chunk));
        self.drained = read.is_pending();
        ready!(read)?;
        let bytes = chunk.filled();
        if bytes.is_empty() {
            return Poll::Ready(Err(ended()));
        }
        self.incoming.extend_from_slice(bytes);
        if self.listening {
            self.fresh += bytes.len();
        } else {
            each_frame(&mut self.incoming, |_, _| {});
            self.shrink();
        }
        Poll::Ready(Ok(()))
    }

    /// How much room both buffers have.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.outgoing.capacity().max(self.incoming.capacity())
    }

    fn shrink(&mut self) {
        if self.outgoing.capacity() > KEPT && self.outgoing.is_empty() {
            self.outgoing = BytesMut::new();
        }
        if self.incoming.capacity() > KEPT && self.incoming.is_empty() {
            self.incoming = Vec::new();
        }
    }
}

impl Driven for Wire {
    fn turn(&mut self, cx: &mut Context<'_>, woken: bool) -> Poll<()> {
        self.drained &= !woken;
        if !self.broken {
            self.broken = self.work(cx).is_ready();
        }
        // Of the end he hears when this is dropped.
        let news = self.fresh > 0 || self.is_free();
        if let Some(waiting) = self.waiting.as_ref().filter(|_| news) {
            waiting.wake_by_ref();
        }
        // An answer that came before the end is an answer.
        let heard = !self.listening || self.fresh == 0;
        if self.broken && heard { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Wire {
    /// Whoever waits is told: it may have ended under him, with the runtime that drove it.
    fn drop(&mut self) {
        self.waiting.take().into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("outgoing", &self.outgoing.len())
            .field("incoming", &self.incoming.len())
            .field("engaged", &self.engaged)
            .field("lent", &self.lent.is_some())
            .finish_non_exhaustive()
    }
}

fn ended() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}
