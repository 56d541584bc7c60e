//! Reads that need nothing in front of them: the session's transactions are read-only unless told otherwise, for as long as
//! nothing but reads is sent.
//!
//! What keeps a single read from writing ([`Latch`](super::latch::Latch)) costs the server a sixth of it. A session whose
//! default it is costs nothing (`docs/performance.md`), and refuses whatever else is sent. So the default is
//! - set by the last of [some reads in a row](STREAK), in its packet, and relied upon once the server has shown, in a
//!   transaction of its own, that it holds;
//! - lifted by [everything that is no read](super::line::Line::exchange), in its packet and in front of it, without a round
//!   trip. To send something without lifting is what a caller has to ask for;
//! - lifted as well before the client of `tokio-postgres` is lent out.
//!
//! It is a setting of the session, so a pooler would lend it to others. It is set only where the process that answers is the
//! one that this connection was opened to, which no pooler's is; and only where the server reports it whenever it changes
//! (from 14 on; PostgreSQL manual, 20.18 and 55.2.7), so that whatever a function does to it is known before the next read. A
//! server or a role whose own default is to take no writes is left as it is.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The setting, and its name.
pub(super) const SETTING: &str = "default_transaction_read_only";

/// What sets it, like no one else would write it.
pub(super) const SET: &str =
    "SET default_transaction_read_only = on /* steadfast, until anything but a read is sent */";

/// What lifts it: to what it would be by now without us.
pub(super) const LIFT: &str = "RESET default_transaction_read_only /* steadfast */";

/// So many reads in a row make it worth while: setting and lifting it costs the server some 40 µs, what four reads save
/// (`docs/performance.md`).
const STREAK: u32 = 16;

/// What is known of the session's default. Only whoever has the connection changes it, and the tap.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// The server may have it from us: from when it was sent until it was lifted.
    possible: AtomicBool,
    /// It has been shown to hold, and nothing was sent since that might change it.
    relied_upon: AtomicBool,
    /// Reads since anything else.
    reads: AtomicU32,
}

impl Standing {
    /// Whether a read is kept read-only by it.
    pub(super) fn is_relied_upon(&self) -> bool {
        self.relied_upon.load(Ordering::Acquire)
    }

    /// Whether the server may have it from us.
    pub(super) fn is_possible(&self) -> bool {
        self.possible.load(Ordering::Acquire)
    }

    /// Another read. True when it might be set with this one.
    pub(super) fn count_read(&self) -> bool {
        let reads = self.reads.load(Ordering::Relaxed).wrapping_add(1);
        self.reads.store(reads, Ordering::Relaxed);
        reads.is_multiple_of(STREAK)
    }

    /// The server has shown that it holds.
    pub(super) fn prove(&self) {
        self.relied_upon.store(true, Ordering::Release);
    }

    /// Something else than a read is to be sent. True when the server may have it, so that it is to be lifted.
    pub(super) fn interrupt(&self) -> bool {
        if self.reads.load(Ordering::Relaxed) != 0 {
            self.reads.store(0, Ordering::Relaxed);
        }
        self.doubt();
        self.is_possible()
    }

    /// It may not hold any more.
    pub(super) fn doubt(&self) {
        if self.is_relied_upon() {
            self.relied_upon.store(false, Ordering::Release);
        }
    }

    /// What sets it has left.
    pub(super) fn sent(&self) {
        self.possible.store(true, Ordering::Release);
    }

    /// The server has lifted it.
    pub(super) fn lifted(&self) {
        self.doubt();
        self.possible.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_after_reads_in_a_row_and_not_relied_upon_before_it_was_shown() {
        let standing = Standing::default();
        let due = |reads| (0..reads).filter(|_| standing.count_read()).count();
        assert_eq!(due(STREAK - 1), 0);
        assert!(!standing.interrupt());
        assert_eq!(due(STREAK - 1), 0, "in a row");
        assert_eq!(due(1), 1);
        standing.sent();
        assert!(standing.is_possible() && !standing.is_relied_upon());
        standing.prove();
        assert!(standing.is_relied_upon());
        assert!(standing.interrupt(), "it is to be lifted");
        assert!(standing.is_possible() && !standing.is_relied_upon(), "the server has not answered");
        standing.lifted();
        assert!(!standing.is_possible() && !standing.interrupt());
    }
}
