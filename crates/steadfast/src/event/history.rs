//! The last incidents, for whoever asks what happened.

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::chronicle::{Chronicle, Incident};
use super::{Event, Observer};
use crate::time::Instant;

/// Remembers the last incidents, and forgets the oldest when there are more than it may hold.
#[derive(Debug)]
pub struct History {
    /// Held for moments only.
    chronicle: Mutex<Chronicle>,
    news: Notify,
}

impl History {
    /// A history of up to this many incidents.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { chronicle: Mutex::new(Chronicle::new(limit)), news: Notify::new() }
    }

    /// The last incident, which may still last.
    #[must_use]
    pub fn last(&self) -> Option<Incident> {
        self.chronicle.lock().last().cloned()
    }

    /// All that are remembered, the last one last.
    #[must_use]
    pub fn all(&self) -> Vec<Incident> {
        self.chronicle.lock().all().cloned().collect()
    }

    /// Waits until connections have been lost or could not be opened since the last call. For one caller at a time.
    ///
    /// # Cancel safety
    /// News that came meanwhile is kept for the next call.
    pub async fn news(&self) {
        self.news.notified().await;
    }
}

impl Observer for History {
    fn observe(&self, event: &Event) {
        let _sign = self.chronicle.lock().note(event, Instant::now(), Timestamp::now());
        match event {
            Event::Suspected { fault: Some(_), .. } | Event::IncidentBegan { .. } => self.news.notify_one(),
            Event::Suspected { fault: None, .. }
            | Event::Opened { .. }
            | Event::OpenFailed { .. }
            | Event::Closed { .. }
            | Event::Verified { .. }
            | Event::IncidentEnded { .. }
            | Event::AcquireFailed { .. }
            | Event::HeldWhileWaiting { .. }
            | Event::Retried { .. }
            | Event::OutcomeResolved { .. }
            | Event::CommittedUnreplicated
            | Event::Fenced { .. } => {}
        }
    }
}
