//! A stream of messages between two processes, and descriptors that travel with the first one.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::frame::{Decoder, encode};

/// The most listeners that can be passed on.
pub(crate) const MAX_LISTENERS: usize = 16;

/// With the licence of a worker.
const MAX_DESCRIPTORS: usize = MAX_LISTENERS + 1;

/// A master's end. It never blocks: what the other side does not read waits in a queue.
#[derive(Debug)]
pub(crate) struct Link {
    stream: UnixStream,
    decoder: Decoder,
    /// What is still to be sent, and how much of the first has been.
    outbox: VecDeque<Vec<u8>>,
    sent: usize,
    closed: bool,
}

impl Link {
    pub(crate) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, decoder: Decoder::default(), outbox: VecDeque::new(), sent: 0, closed: false })
    }

    /// The end of a child: the messages that came with the first read are in it already.
    pub(crate) fn resume(stream: UnixStream, decoder: Decoder) -> io::Result<Self> {
        Ok(Self { decoder, ..Self::new(stream)? })
    }

    /// Sends the first message with these descriptors. The buffer of a new socket has room for it.
    pub(crate) fn greet(&self, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let bytes = encode(message)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many listeners to pass on"));
        }
        let sent =
            rustix::net::sendmsg(&self.stream, &[IoSlice::new(&bytes)], &mut control, SendFlags::empty())?;
        if sent == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// Sends when the other side has room.
    pub(crate) fn send(&mut self, message: &impl Serialize) {
        match encode(message) {
            Ok(bytes) => self.outbox.push_back(bytes),
            Err(error) => tracing::error!(%error, "bug: a message cannot be written"),
        }
        self.flush();
    }

    /// How many messages wait to be sent.
    pub(crate) fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Whether something waits to be sent.
    pub(crate) fn is_behind(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Sends as much as the other side takes.
    pub(crate) fn flush(&mut self) {
        while let Some(first) = self.outbox.front() {
            match self.stream.write(first.get(self.sent..).unwrap_or_default()) {
                Ok(count) => {
                    self.sent += count;
                    if self.sent >= first.len() {
                        self.outbox.pop_front();
                        self.sent = 0;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Nobody reads any more. What it said before is still to be read.
                Err(_) => return self.outbox.clear(),
            }
        }
    }

    /// Everything that has arrived. An error: what came is not a message, and nothing more is read.
    pub(crate) fn receive<M: DeserializeOwned>(&mut self) -> io::Result<Vec<M>> {
        let mut buffer = [0; 16 * 1024];
        while !self.closed {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.closed = true,
                Ok(count) => self.decoder.push(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.closed = true,
            }
        }
        let mut messages = Vec::new();
        loop {
            match self.decoder.next() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => return Ok(messages),
                Err(error) => {
                    self.closed = true;
                    return Err(error);
                }
            }
        }
    }

    /// Whether the other side has gone.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Reads the first message and the descriptors that come with it, on a stream that blocks.
pub(crate) fn be_greeted<M: DeserializeOwned>(
    stream: &UnixStream,
    decoder: &mut Decoder,
) -> io::Result<(M, Vec<OwnedFd>)> {
    let mut descriptors = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(message) = decoder.next()? {
            return Ok((message, descriptors));
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            rustix::net::recvmsg(
                stream,
                &mut [IoSliceMut::new(&mut buffer)],
                &mut control,
                RecvFlags::empty(),
            )
        })?;
        for part in control.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = part {
                descriptors.extend(rights);
            }
        }
        if received.bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        decoder.push(buffer.get(..received.bytes).unwrap_or_default());
    }
}

/// Keeps a descriptor from what this process executes.
pub(crate) fn close_on_exec(descriptor: &OwnedFd) -> io::Result<()> {
    let flags = rustix::io::fcntl_getfd(descriptor)?;
    Ok(rustix::io::fcntl_setfd(descriptor, flags | rustix::io::FdFlags::CLOEXEC)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn descriptors_travel_with_the_greeting() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (near, far) = UnixStream::pair().unwrap();
        let mut link = Link::new(near).unwrap();
        link.greet(&"welcome", &[listener.as_fd()]).unwrap();
        link.send(&"more");
        let mut decoder = Decoder::default();
        let (message, mut descriptors): (String, _) = be_greeted(&far, &mut decoder).unwrap();
        assert_eq!(message, "welcome");
        let passed = TcpListener::from(descriptors.remove(0));
        assert_eq!(passed.local_addr().unwrap(), listener.local_addr().unwrap());
        let mut other = Link::resume(far, decoder).unwrap();
        assert_eq!(other.receive::<String>().unwrap(), ["more"]);
        drop(link);
        assert!(other.receive::<String>().unwrap().is_empty() && other.is_closed());
    }

    #[test]
    fn a_side_that_does_not_read_holds_nobody_up() {
        let (near, far) = UnixStream::pair().unwrap();
        let (mut link, mut other) = (Link::new(near).unwrap(), Link::new(far).unwrap());
        let long = "x".repeat(100_000);
        for _ in 0..20 {
            link.send(&long);
        }
        assert!(link.is_behind());
        let mut found = 0;
        while found < 20 {
            found += other.receive::<String>().unwrap().len();
            link.flush();
        }
        assert!(!link.is_behind());
    }
}
