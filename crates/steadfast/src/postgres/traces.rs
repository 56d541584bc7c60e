//! What was done in a session and outlives its transaction, as far as the tap has seen it.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a session is as it was opened. Only whoever drives the connection notes something here, and whoever has reset it.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    touched: AtomicBool,
    /// A setting that the server reports is not what it was at the beginning.
    drifted: AtomicBool,
    /// Statements were prepared by SQL.
    prepared: AtomicBool,
    /// Prepared statements were forgotten by SQL.
    forgotten: AtomicBool,
}

impl Traces {
    /// True when something was done that outlives its transaction, by any sign.
    pub(crate) fn are_there(&self) -> bool {
        self.are_of_a_text() || self.drifted.load(Ordering::Acquire)
    }

    /// The same by what was sent, and the tags of the answers.
    pub(super) fn are_of_a_text(&self) -> bool {
        self.touched.load(Ordering::Acquire)
    }

    /// True when statements were prepared by SQL.
    pub(crate) fn have_prepared(&self) -> bool {
        self.prepared.load(Ordering::Acquire)
    }

    /// True once after prepared statements, perhaps our own among them, were forgotten by SQL.
    pub(crate) fn take_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::Acquire) && self.forgotten.swap(false, Ordering::AcqRel)
    }

    pub(super) fn touch(&self) {
        self.touched.store(true, Ordering::Release);
    }

    pub(super) fn drift(&self, whether: bool) {
        self.drifted.store(whether, Ordering::Release);
    }

    /// Takes the tag of a completed command.
    pub(super) fn completed(&self, tag: &[u8]) {
        match tag {
            b"PREPARE" => self.prepared.store(true, Ordering::Release),
            b"DEALLOCATE" | b"DEALLOCATE ALL" | b"DISCARD ALL" => {
                self.forgotten.store(true, Ordering::Release);
            }
            _ => {}
        }
    }

    /// The session was reset.
    pub(super) fn remove(&self) {
        self.touched.store(false, Ordering::Release);
        self.prepared.store(false, Ordering::Release);
        self.drift(false);
    }
}
