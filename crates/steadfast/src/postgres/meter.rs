//! Bytes that passed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts for one connection. Only whoever drives it counts.
#[derive(Debug, Default)]
pub(super) struct Meter {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    requests: AtomicU64,
}

impl Meter {
    pub(super) fn received(&self, bytes: usize) {
        add(&self.bytes_in, bytes as u64);
    }

    pub(super) fn written(&self, bytes: usize) {
        add(&self.bytes_out, bytes as u64);
    }

    pub(super) fn requested(&self) {
        add(&self.requests, 1);
    }

    /// Received and sent.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (self.bytes_in.load(Ordering::Relaxed), self.bytes_out.load(Ordering::Relaxed))
    }

    /// Requests that were sent.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Acquire)
    }
}

fn add(count: &AtomicU64, more: u64) {
    count.store(count.load(Ordering::Relaxed) + more, Ordering::Release);
}
