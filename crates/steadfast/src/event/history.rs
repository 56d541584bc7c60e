//! The last incidents, for whoever asks what happened.

use std::collections::VecDeque;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Event, Observer};
use crate::error::Fault;
use crate::time::Duration;

/// A time in which connections were lost or could not be opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Incident {
    /// When it began.
    pub began: Timestamp,
    /// When it was over; `None` while it lasts.
    pub ended: Option<Timestamp>,
    /// What was noticed first.
    pub cause: Fault,
    /// How many tries to connect failed in it.
    pub failed_tries: u32,
}

/// Remembers the last incidents, and forgets the oldest when there are more than it may hold.
#[derive(Debug)]
pub struct History {
    limit: usize,
    /// The last one last. Held for moments only.
    incidents: Mutex<VecDeque<Incident>>,
    news: Notify,
}

impl History {
    /// A history of up to this many incidents.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, incidents: Mutex::new(VecDeque::new()), news: Notify::new() }
    }

    /// The last incident, which may still last.
    #[must_use]
    pub fn last(&self) -> Option<Incident> {
        self.incidents.lock().back().cloned()
    }

    /// All that are remembered, the last one last.
    #[must_use]
    pub fn all(&self) -> Vec<Incident> {
        self.incidents.lock().iter().cloned().collect()
    }

    /// Waits until connections have been lost or could not be opened since the last call. For one caller at a time.
    ///
    /// # Cancel safety
    /// News that came meanwhile is kept for the next call.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Begins an incident, unless one lasts or has only just been noticed: what follows within a second of a
    /// lost connection belongs to the same story.
    fn begin(&self, cause: &Fault, ended: Option<Timestamp>) {
        self.news.notify_one();
        let now = Timestamp::now();
        let mut incidents = self.incidents.lock();
        if let Some(last) = incidents.back_mut() {
            match last.ended {
                None => return,
                Some(end) if now.duration_since(end).unsigned_abs() < SAME_STORY => {
                    last.ended = ended;
                    return;
                }
                Some(_) => {}
            }
        }
        if incidents.len() >= self.limit {
            let _oldest = incidents.pop_front();
        }
        incidents.push_back(Incident { began: now, ended, cause: cause.clone(), failed_tries: 0 });
    }

    fn change_last(&self, change: impl FnOnce(&mut Incident)) {
        if let Some(last) = self.incidents.lock().back_mut() {
            change(last);
        }
    }
}

impl Observer for History {
    fn observe(&self, event: &Event) {
        match event {
            Event::Suspected { fault: Some(fault), .. } => self.begin(fault, Some(Timestamp::now())),
            Event::IncidentBegan { fault } => self.begin(fault, None),
            Event::OpenFailed { attempt, .. } => self.change_last(|last| last.failed_tries = *attempt),
            Event::IncidentEnded { attempts, .. } => self.change_last(|last| {
                last.ended = Some(Timestamp::now());
                last.failed_tries = *attempts;
            }),
            Event::Suspected { fault: None, .. }
            | Event::Opened { .. }
            | Event::Closed { .. }
            | Event::Verified { .. }
            | Event::AcquireFailed { .. }
            | Event::HeldWhileWaiting { .. }
            | Event::Retried { .. }
            | Event::OutcomeResolved { .. }
            | Event::CommittedUnreplicated
            | Event::Fenced { .. } => {}
        }
    }
}

const SAME_STORY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Class, Step};

    fn fault(text: &str) -> Fault {
        Fault::new(Class::ConnectionLost, Step::Statement, text)
    }

    #[test]
    fn a_lost_connection_and_the_outage_behind_it_are_one_incident() {
        let history = History::new(3);
        history.observe(&Event::Suspected { generation: 2, fault: Some(fault("first")) });
        history.observe(&Event::IncidentBegan { fault: fault("second") });
        assert!(history.last().is_some_and(|last| last.ended.is_none() && last.cause.summary() == "first"));
        history.observe(&Event::IncidentEnded { lasted: Duration::from_secs(1), attempts: 7 });
        let all = history.all();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].failed_tries, 7);
        assert!(all[0].ended.is_some());
    }
}
