//! The signals of a master, on a descriptor that can be waited for.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGUSR2};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// What a signal asks of a master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    End,
    Reload,
    More,
    Fewer,
    Replace,
    /// A child has ended.
    Reap,
}

impl Wish {
    pub(super) const fn of(signal: i32) -> Option<Self> {
        match signal {
            SIGTERM | SIGINT | SIGQUIT => Some(Self::End),
            SIGHUP => Some(Self::Reload),
            SIGTTIN => Some(Self::More),
            SIGTTOU => Some(Self::Fewer),
            SIGUSR2 => Some(Self::Replace),
            SIGCHLD => Some(Self::Reap),
            _ => None,
        }
    }
}

/// The signals of a master.
pub(super) struct Signals {
    delivery: SignalDelivery<UnixStream, SignalOnly>,
}

impl Signals {
    /// From now on they do nothing by themselves.
    pub(super) fn listen() -> io::Result<Self> {
        let wanted = [SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGTTIN, SIGTTOU, SIGUSR2];
        let (read, write) = UnixStream::pair()?;
        Ok(Self { delivery: SignalDelivery::with_pipe(read, write, SignalOnly, wanted)? })
    }

    /// Those that have come. The same one twice in a short time may be one.
    pub(super) fn pending(&mut self) -> Vec<i32> {
        self.delivery.pending().collect()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.delivery.get_read().as_fd()
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals").finish_non_exhaustive()
    }
}
