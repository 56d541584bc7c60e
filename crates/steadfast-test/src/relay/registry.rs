//! What all connections of a relay have in common, and the list of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::counters::Tally;
use super::cut::Armed;
use super::link::Link;
use super::weather::Weather;

/// What all connections and the handle have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) weather: watch::Sender<Weather>,
    pub(super) armed: Armed,
    pub(super) tally: Tally,
    /// Every connection with at least one open side.
    links: Mutex<HashMap<u64, Arc<Link>>>,
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

    pub(super) fn links(&self) -> Vec<Arc<Link>> {
        self.registry().values().cloned().collect()
    }

    fn registry(&self) -> MutexGuard<'_, HashMap<u64, Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection is counted and listed as long as this is there.
pub(super) struct Registered {
    link: Arc<Link>,
    number: u64,
}

impl Registered {
    pub(super) fn new(link: &Arc<Link>) -> Self {
        let shared = link.shared();
        let number = shared.next_link.fetch_add(1, Ordering::Relaxed);
        shared.registry().insert(number, Arc::clone(link));
        shared.tally.opened.fetch_add(1, Ordering::Relaxed);
        shared.tally.open_now.fetch_add(1, Ordering::Relaxed);
        Self { link: Arc::clone(link), number }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let shared = self.link.shared();
        shared.registry().remove(&self.number);
        shared.tally.open_now.fetch_sub(1, Ordering::Relaxed);
        self.link.leave();
    }
}
