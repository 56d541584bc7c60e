//! The simulated server as the test sees it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;

use super::answer::Answer;
use super::connection::Line;

/// The simulated server. Clones share one server; give one to the pool and steer with the other.
#[derive(Debug, Clone, Default)]
pub struct SimServer {
    pub(super) world: Arc<Mutex<World>>,
}

#[derive(Debug)]
pub(super) struct World {
    next_id: u64,
    /// Connections that exist now.
    lines: BTreeMap<u64, Arc<Line>>,
    most_open: usize,
    opened: u64,
    pub(super) connecting: usize,
    /// After how long a client gave up a connect at the soonest.
    pub(super) least_patience: Option<Duration>,
    pub(super) connect: Answer,
    pub(super) ping: Answer,
    pub(super) clean: Answer,
    pub(super) close: Answer,
    pub(super) pings: u64,
    pub(super) cleans: u64,
    pub(super) said_goodbye: u64,
    pub(super) abandoned: u64,
}

impl Default for World {
    fn default() -> Self {
        let soon = Answer::After(Duration::from_millis(1));
        Self {
            next_id: 1,
            lines: BTreeMap::new(),
            most_open: 0,
            opened: 0,
            connecting: 0,
            least_patience: None,
            connect: soon.clone(),
            ping: soon.clone(),
            clean: soon.clone(),
            close: soon,
            pings: 0,
            cleans: 0,
            said_goodbye: 0,
            abandoned: 0,
        }
    }
}

impl World {
    /// A connection was opened; gives its number.
    pub(super) fn admit(&mut self, line: &Arc<Line>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.opened += 1;
        self.lines.insert(id, Arc::clone(line));
        self.most_open = self.most_open.max(self.lines.len());
        id
    }

    pub(super) fn forget(&mut self, id: u64) {
        self.lines.remove(&id);
    }
}

impl SimServer {
    /// A server that answers everything within a millisecond.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How connecting goes from now on.
    pub fn on_connect(&self, answer: Answer) {
        self.world.lock().connect = answer;
    }

    /// How pings go from now on.
    pub fn on_ping(&self, answer: Answer) {
        self.world.lock().ping = answer;
    }

    /// How cleaning goes from now on.
    pub fn on_clean(&self, answer: Answer) {
        self.world.lock().clean = answer;
    }

    /// How goodbyes go from now on.
    pub fn on_close(&self, answer: Answer) {
        self.world.lock().close = answer;
    }

    /// Ends every connection; its holder can see that without asking.
    pub fn end_all(&self) {
        // Outside the lock: an alarm may ask anything.
        let lines: Vec<_> = self.world.lock().lines.values().cloned().collect();
        lines.iter().for_each(|line| line.end());
    }

    /// Makes every open connection silent for good: requests, pings and goodbyes on it are never answered, and
    /// nothing tells its holder. New connections work.
    pub fn silence_all(&self) {
        self.world.lock().lines.values().for_each(|line| line.silent.store(true, Ordering::SeqCst));
    }

    /// Connections that exist now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.world.lock().lines.len()
    }

    /// Connects that have begun and were not answered yet.
    #[must_use]
    pub fn connecting(&self) -> usize {
        self.world.lock().connecting
    }

    /// After how long a client gave up a connect at the soonest, when one has.
    #[must_use]
    pub fn least_patience(&self) -> Option<Duration> {
        self.world.lock().least_patience
    }

    /// The most that ever existed at the same time.
    #[must_use]
    pub fn most_open(&self) -> usize {
        self.world.lock().most_open
    }

    /// How many were ever opened.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.world.lock().opened
    }

    /// How many pings arrived.
    #[must_use]
    pub fn pings(&self) -> u64 {
        self.world.lock().pings
    }

    /// How many connections were cleaned.
    #[must_use]
    pub fn cleans(&self) -> u64 {
        self.world.lock().cleans
    }

    /// How many connections ended with a goodbye.
    #[must_use]
    pub fn said_goodbye(&self) -> u64 {
        self.world.lock().said_goodbye
    }

    /// How many were abandoned, as those of another process.
    #[must_use]
    pub fn abandoned(&self) -> u64 {
        self.world.lock().abandoned
    }
}
