//! Whether a worker may take clients: a socket over which one byte may come, and nothing else ever does.
//!
//! A worker that was stopped runs on with all of its threads when it is woken to be aborted, and the thread that takes
//! clients may be faster than the one that gets the signal. So the licence is taken from it before it is woken, by something
//! that is true from its first instruction on: the byte is in its socket. What remains is a thread that is stopped exactly
//! between the question and `accept`, well below a microsecond of its time.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{RecvFlags, recv};

/// The worker's end.
#[derive(Debug)]
pub(crate) struct Licence(UnixStream);

/// The master's end. When it is dropped nothing is revoked: workers that have lost their master serve to the end.
#[derive(Debug)]
pub(crate) struct Licensor(UnixStream);

/// Both ends for one worker.
pub(crate) fn licence() -> io::Result<(Licensor, Licence)> {
    let (ours, theirs) = UnixStream::pair()?;
    Ok((Licensor(ours), Licence(theirs)))
}

impl Licensor {
    /// From now on the worker takes nobody, whatever it is doing.
    pub(crate) fn revoke(&self) -> io::Result<()> {
        // The only byte that is ever written here: there is room for it.
        io::Write::write_all(&mut &self.0, &[0])
    }
}

impl Licence {
    /// Whether the master has not revoked it. Asks the kernel, and leaves the byte where it is.
    pub(crate) fn holds(&self) -> bool {
        let mut byte = [0; 1];
        match recv(&self.0, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            // No byte: the master has gone.
            Ok((_, count)) => count == 0,
            // None yet.
            Err(_) => true,
        }
    }
}

impl From<OwnedFd> for Licence {
    fn from(descriptor: OwnedFd) -> Self {
        Self(descriptor.into())
    }
}

impl AsFd for Licence {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_until_it_is_revoked_and_then_never_again() {
        let (licensor, licence) = licence().unwrap();
        assert!(licence.holds());
        licensor.revoke().unwrap();
        assert!(!licence.holds() && !licence.holds());
        drop(licensor);
        assert!(!licence.holds(), "also when the master has gone since");
    }

    #[test]
    fn a_master_that_has_gone_has_revoked_nothing() {
        let (licensor, licence) = licence().unwrap();
        drop(licensor);
        assert!(licence.holds());
    }
}
