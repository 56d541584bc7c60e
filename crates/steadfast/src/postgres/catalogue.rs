//! What a database can do to a session from inside: functions that set, lock, listen or prepare when they are called.
//!
//! Neither the text nor the tag of a statement shows what a function in it does. The server is asked for such
//! functions, seldom: by the first connection, and by one that is opened a minute or more after the last time. A text
//! that names one of them then counts as touching the session. In most databases there is none, and nothing changes.
//!
//! What this cannot see: code in C beyond the usual extensions, statements that a function puts together from pieces
//! which do not look like one, and functions that another program has created since the server was last asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::time::{Duration, Instant};

use super::hidden::{Hidden, question};
use super::line::{Failure, Line};

/// What is known of one database. Shared by all connections of a connector.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    /// Held for moments only.
    state: Mutex<State>,
    /// Raised whenever the answer is another one, or is not to be relied upon any more.
    version: AtomicU64,
    /// How often a server has refused to write because it takes no writes at all.
    refusals: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// `None`: to be asked.
    known: Option<Arc<Hidden>>,
    /// Somebody is asking.
    asking: bool,
    next: Option<Instant>,
}

/// Permission to ask, held by one at a time. One that ends without an answer, because the connection was lost or given up
/// meanwhile, is not followed by another at once: whatever kept that connection would keep the next one too. Until then
/// every statement counts as touching the session.
#[derive(Debug)]
#[must_use]
pub(super) struct Turn<'a> {
    catalogue: &'a Catalogue,
    began: Instant,
    answered: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.catalogue.state.lock();
        state.asking = false;
        if !self.answered {
            state.next = Some(self.began + AFTER_NO_ANSWER);
        }
    }
}

impl Catalogue {
    /// What is known; `None` when nothing can be relied upon at present.
    pub(super) fn known(&self) -> Option<Arc<Hidden>> {
        self.state.lock().known.clone()
    }

    /// Changes whenever what was found out earlier may be wrong.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// How often a server has refused to write because it takes no writes at all. Connections from before the last
    /// time may lead to the same server.
    pub(super) fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Acquire)
    }

    /// A server has.
    pub(super) fn refused(&self) {
        self.refusals.fetch_add(1, Ordering::AcqRel);
    }

    /// Something was created: what is known may be out of date.
    pub(super) fn outdated(&self) {
        let mut state = self.state.lock();
        (state.known, state.next) = (None, None);
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// True when nothing is known.
    pub(super) fn is_unknown(&self) -> bool {
        self.state.lock().known.is_none()
    }

    /// A database without such functions.
    #[cfg(test)]
    pub(super) fn of_nothing() -> Self {
        let catalogue = Self::default();
        catalogue.state.lock().known = Some(Arc::default());
        catalogue
    }

    /// The server has named these functions.
    #[cfg(test)]
    pub(super) fn answered(&self, names: &[&str]) {
        let names = names.iter().map(|name| name.as_bytes().into()).collect();
        self.state.lock().known = Some(Arc::new(Hidden::of(names)));
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// The right to ask, when it is time to and nobody else is at it.
    pub(super) fn turn(&self, now: Instant) -> Option<Turn<'_>> {
        let mut state = self.state.lock();
        let due = state.next.is_none_or(|next| now >= next);
        (due && !state.asking).then(|| {
            state.asking = true;
            Turn { catalogue: self, began: now, answered: false }
        })
    }

    /// Asks the server. One that does not answer, because it is no full PostgreSQL or takes too long, is taken to have
    /// nothing of the kind.
    ///
    /// # Errors
    /// The connection is of no use any more.
    ///
    /// # Cancel safety
    /// Dropped half-way, the connection is busy.
    pub(super) async fn ask(&self, line: &Line, mut turn: Turn<'_>) -> Result<(), Failure> {
        let began = Instant::now();
        let version = self.version();
        let found = match line.text(&question()).await {
            Ok(answer) => Hidden::read(&answer),
            Err(Failure::Reported(report)) if !report.is_fatal() => {
                tracing::debug!(error = report.message, "functions that change the session are not known");
                Hidden::default()
            }
            Err(failure) => return Err(failure),
        };
        turn.answered = true;
        let mut state = self.state.lock();
        if self.version() != version {
            // Something was created meanwhile: the next one asks again.
            return Ok(());
        }
        if state.known.as_deref() != Some(&found) {
            found.tell();
            self.version.fetch_add(1, Ordering::AcqRel);
            state.known = Some(Arc::new(found));
        }
        state.next = Some(Instant::now() + AGAIN.max(began.elapsed() * 100));
        // In this order: a turn that ends takes the lock.
        drop(state);
        drop(turn);
        Ok(())
    }
}

/// After what time a new connection asks again, at the least.
const AGAIN: Duration = Duration::from_secs(60);

/// After what time the next one asks when there was no answer.
const AFTER_NO_ANSWER: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_asks_at_a_time_and_again_when_something_was_created() {
        let catalogue = Catalogue::default();
        let now = Instant::now();
        let turn = catalogue.turn(now).expect("nothing is known");
        assert!(catalogue.turn(now).is_none(), "somebody is at it");
        drop(turn);
        assert!(catalogue.turn(now).is_none(), "what gave no answer now would give none now");
        assert!(catalogue.turn(now + AFTER_NO_ANSWER).is_some());
        let mut state = catalogue.state.lock();
        (state.known, state.next) = (Some(Arc::default()), Some(now + AGAIN));
        drop(state);
        assert!(catalogue.turn(now).is_none() && catalogue.turn(now + AGAIN).is_some());
        let before = catalogue.version();
        catalogue.outdated();
        assert!(catalogue.is_unknown() && catalogue.version() > before && catalogue.turn(now).is_some());
    }
}
