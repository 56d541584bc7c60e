//! What all connections of a relay have in common, and the list of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::armed::Armed;
use super::counters::Tally;
use super::link::Link;
use super::weather::Weather;

/// What all connections and the handle have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) weather: watch::Sender<Weather>,
    pub(super) armed: Armed,
    pub(super) tally: Tally,
    /// Every connection with at least one open side.
    links: Mutex<BTreeMap<u64, Arc<Link>>>,
    next_link: AtomicU64,
}

impl Shared {
    pub(super) fn new(weather: Weather) -> Self {
        Self {
            weather: watch::Sender::new(weather),
            armed: Armed::default(),
            tally: Tally::new(),
            links: Mutex::default(),
            next_link: AtomicU64::new(0),
        }
    }

    /// In the order in which they were accepted.
    pub(super) fn links(&self) -> Vec<Arc<Link>> {
        self.registry().values().cloned().collect()
    }

    /// A number for a new connection.
    pub(super) fn number(&self) -> u64 {
        self.next_link.fetch_add(1, Ordering::Relaxed)
    }

    fn registry(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection is counted and listed as long as this is there.
pub(super) struct Registered {
    link: Arc<Link>,
}

impl Registered {
    pub(super) fn new(link: &Arc<Link>) -> Self {
        let shared = link.shared();
        shared.registry().insert(link.number(), Arc::clone(link));
        shared.tally.opened.fetch_add(1, Ordering::Relaxed);
        shared.tally.open_now.fetch_add(1, Ordering::Relaxed);
        Self { link: Arc::clone(link) }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let shared = self.link.shared();
        shared.registry().remove(&self.link.number());
        shared.tally.open_now.fetch_sub(1, Ordering::Relaxed);
        self.link.leave();
    }
}
