//! Bytes that passed, and when the peer was last heard.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::{Duration, Instant};

/// Counts for one connection.
#[derive(Debug)]
pub(super) struct Meter {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    /// Milliseconds behind the beginning.
    heard_at: AtomicU64,
    since: Instant,
}

impl Meter {
    pub(super) fn start() -> Self {
        let [bytes_in, bytes_out, heard_at] = Default::default();
        Self { bytes_in, bytes_out, heard_at, since: Instant::now() }
    }

    pub(super) fn received(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
        let since = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard_at.store(since, Ordering::Relaxed);
    }

    pub(super) fn written(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Received and sent.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (self.bytes_in.load(Ordering::Relaxed), self.bytes_out.load(Ordering::Relaxed))
    }

    pub(super) fn last_heard(&self) -> Instant {
        self.since + Duration::from_millis(self.heard_at.load(Ordering::Relaxed))
    }
}
