//! The one place where a master waits.

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::clock::{Duration, Instant, now};

/// However little there is to do, a look is worth while now and then: a signal may get lost in a bug.
const LONGEST: Duration = Duration::from_secs(1);

/// Waits until one of these can be read, or written where that is wanted, or the moment has come.
pub(super) fn wait<'a>(descriptors: impl Iterator<Item = (BorrowedFd<'a>, bool)>, until: Option<Instant>) {
    let mut polled: Vec<_> = descriptors
        .map(|(descriptor, writes)| {
            let flags = if writes { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            PollFd::from_borrowed_fd(descriptor, flags)
        })
        .collect();
    let left = until.map_or(LONGEST, |until| until.saturating_duration_since(now()).min(LONGEST));
    // A deadline that is a fraction of a millisecond away has come when this returns.
    let timeout =
        Timespec { tv_sec: left.as_secs().try_into().unwrap_or(1), tv_nsec: left.subsec_nanos().into() };
    if let Err(error) = poll(&mut polled, Some(&timeout))
        && error != rustix::io::Errno::INTR
    {
        tracing::error!(%error, "bug: waiting failed");
        std::thread::park_timeout(Duration::from_millis(100));
    }
}
