//! What has come by.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::fault::Direction;

/// What a relay has seen since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Connections accepted.
    pub opened: u64,
    /// Connections of which at least one side is still open.
    pub open_now: usize,
    /// Connections that could not be made to the server behind; their clients were reset.
    pub unreachable: u64,
    /// Bytes read from clients, forwarded or not.
    pub bytes_to_server: u64,
    /// Bytes read from the server, forwarded or not.
    pub bytes_to_client: u64,
    /// PostgreSQL messages read from clients, start-up included. Under TLS they cannot be seen.
    pub messages_to_server: u64,
    /// PostgreSQL messages read from the server.
    pub messages_to_client: u64,
    /// Armed cuts that have fired.
    pub cuts_fired: u64,
}

/// Where the counting is done. The order of figures to each other does not matter, so all is relaxed.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) opened: AtomicU64,
    pub(super) open_now: AtomicUsize,
    pub(super) unreachable: AtomicU64,
    pub(super) cuts_fired: AtomicU64,
    bytes: [AtomicU64; 2],
    messages: [Box<[AtomicU64]>; 2],
}

impl Tally {
    pub(super) fn new() -> Self {
        let by_tag = || (0..256).map(|_| AtomicU64::new(0)).collect();
        Self {
            opened: AtomicU64::new(0),
            open_now: AtomicUsize::new(0),
            unreachable: AtomicU64::new(0),
            cuts_fired: AtomicU64::new(0),
            bytes: [AtomicU64::new(0), AtomicU64::new(0)],
            messages: [by_tag(), by_tag()],
        }
    }

    pub(super) fn add_bytes(&self, direction: Direction, count: usize) {
        if let Some(bytes) = self.bytes.get(direction.index()) {
            bytes.fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    pub(super) fn add_message(&self, direction: Direction, tag: u8) {
        if let Some(count) = self.messages.get(direction.index()).and_then(|tags| tags.get(usize::from(tag)))
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn bytes(&self, direction: Direction) -> u64 {
        self.bytes.get(direction.index()).map_or(0, |bytes| bytes.load(Ordering::Relaxed))
    }

    pub(super) fn messages(&self, direction: Direction, tag: Option<u8>) -> u64 {
        let Some(tags) = self.messages.get(direction.index()) else {
            return 0;
        };
        let wanted = tags.iter().enumerate().filter(|(at, _)| tag.is_none_or(|tag| usize::from(tag) == *at));
        wanted.map(|(_, count)| count.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn read(&self) -> Counters {
        Counters {
            opened: self.opened.load(Ordering::Relaxed),
            open_now: self.open_now.load(Ordering::Relaxed),
            unreachable: self.unreachable.load(Ordering::Relaxed),
            bytes_to_server: self.bytes(Direction::ToServer),
            bytes_to_client: self.bytes(Direction::ToClient),
            messages_to_server: self.messages(Direction::ToServer, None),
            messages_to_client: self.messages(Direction::ToClient, None),
            cuts_fired: self.cuts_fired.load(Ordering::Relaxed),
        }
    }
}
