//! The socket under its tap, as the wire has it: for itself, until somebody asks for the driver's client.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::AsyncWrite as _;

use crate::postgres::tap::Tap;
use crate::postgres::transport::Transport;
use crate::sync::Mutex;

/// The socket for two who speak on it. Whoever drives holds the lock while he reads or writes.
pub(in crate::postgres) type Shared = Arc<Mutex<Tap<Transport>>>;

/// The socket.
#[derive(Debug)]
pub(in crate::postgres) struct Stream {
    place: Place,
    /// Something was written that may not have left yet, under TLS.
    unflushed: bool,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each connection, and the large one is the usual"
)]
enum Place {
    Own(Tap<Transport>),
    Lent(Shared),
    /// Neither: it is being lent.
    Between,
}

impl Stream {
    /// For the wire alone.
    #[cfg(test)]
    pub(super) const fn of(tap: Tap<Transport>) -> Self {
        Self { place: Place::Own(tap), unflushed: false }
    }

    /// The same for somebody else as well, from now on.
    pub(super) fn lend(&mut self) -> Shared {
        let shared = match std::mem::replace(&mut self.place, Place::Between) {
            Place::Own(tap) => Arc::new(Mutex::new(tap)),
            Place::Lent(shared) => shared,
            Place::Between => unreachable!("nobody else lends it meanwhile"),
        };
        self.place = Place::Lent(Arc::clone(&shared));
        shared
    }

    /// Does something with it.
    pub(super) fn with<T>(&mut self, act: impl FnOnce(&mut Tap<Transport>) -> T) -> T {
        match &mut self.place {
            Place::Own(tap) => act(tap),
            Place::Lent(shared) => act(&mut shared.lock()),
            Place::Between => unreachable!("nobody speaks on it while it is being lent"),
        }
    }

    /// Sends these bytes, and takes away what has left. Ready when all has.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &mut BytesMut) -> Poll<io::Result<()>> {
        while !bytes.is_empty() {
            let written = ready!(self.with(|tap| Pin::new(tap).poll_write(cx, bytes)))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            if written == bytes.len() {
                // The room is free again at once.
                bytes.clear();
            } else {
                bytes.advance(written);
            }
        }
        if self.unflushed {
            ready!(self.with(|tap| Pin::new(tap).poll_flush(cx)))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

impl From<Shared> for Stream {
    /// For the wire alone, unless somebody else has it still.
    fn from(shared: Shared) -> Self {
        let place = match Arc::try_unwrap(shared) {
            Ok(tap) => Place::Own(tap.into_inner()),
            Err(shared) => Place::Lent(shared),
        };
        Self { place, unflushed: false }
    }
}
