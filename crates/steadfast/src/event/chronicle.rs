//! From events to incidents: what belongs to one story, how far it reached and how long it lasted. Pure.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::Event;
use crate::error::Fault;
use crate::time::{Duration, Instant};
use crate::verdict::Class;

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
    /// Whether connecting failed in it; otherwise connections were lost and replaced.
    pub outage: bool,
    /// How many tries to connect failed in it.
    pub failed_tries: u32,
    /// How many connections died.
    pub lost: u32,
    /// How many were asked whether they still work, and did.
    pub verified: u32,
    /// How many were opened.
    pub opened: u32,
    /// How many units of work were run again.
    pub retried: u32,
    /// How many callers got no connection.
    pub failed: u32,
}

impl Incident {
    fn new(began: Timestamp, cause: Fault) -> Self {
        Self {
            began,
            ended: None,
            cause,
            outage: false,
            failed_tries: 0,
            lost: 0,
            verified: 0,
            opened: 0,
            retried: 0,
            failed: 0,
        }
    }

    /// How long it lasted, or has lasted until `now`.
    #[must_use]
    pub fn lasted(&self, now: Timestamp) -> Duration {
        self.ended.unwrap_or(now).duration_since(self.began).unsigned_abs()
    }
}

/// The last incidents. Connections that a restart ends go one after the other, and the outage follows: what comes
/// within a second of the last sign belongs to the same story.
#[derive(Debug)]
pub(super) struct Chronicle {
    limit: usize,
    /// The last one last.
    incidents: VecDeque<Incident>,
    /// When the last incident last showed itself.
    last_sign: Option<Instant>,
    /// Connecting fails.
    in_outage: bool,
}

/// What an event was for the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// None of an incident.
    None,
    /// Another one of the incident that is being told.
    More,
    /// The first one of a new incident.
    First,
}

impl Chronicle {
    pub(super) const fn new(limit: usize) -> Self {
        Self { limit, incidents: VecDeque::new(), last_sign: None, in_outage: false }
    }

    pub(super) fn last(&self) -> Option<&Incident> {
        self.incidents.back()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.iter()
    }

    /// Whether connecting fails.
    pub(super) const fn in_outage(&self) -> bool {
        self.in_outage
    }

    /// When the last incident will be over, if nothing more comes; `None` while connecting fails.
    pub(super) fn over_at(&self) -> Option<Instant> {
        self.last_sign.filter(|_| !self.in_outage).map(|sign| sign + SAME_STORY)
    }

    /// Takes notice of an event.
    pub(super) fn note(&mut self, event: &Event, now: Instant, clock: Timestamp) -> Sign {
        match event {
            Event::Suspected { fault: Some(fault), .. } => self.sign(fault, now, clock),
            Event::IncidentBegan { fault } => {
                self.in_outage = true;
                let sign = self.sign(fault, now, clock);
                self.change(|last| (last.outage, last.failed_tries) = (true, last.failed_tries.max(1)));
                sign
            }
            Event::OpenFailed { attempt, .. } if self.in_outage => {
                self.change(|last| last.failed_tries = *attempt);
                Sign::More
            }
            Event::IncidentEnded { attempts, .. } => {
                self.in_outage = false;
                self.last_sign = Some(now);
                self.change(|last| (last.ended, last.failed_tries) = (Some(clock), *attempts));
                Sign::More
            }
            Event::Closed { cause, .. } if cause.is_loss() => self.count(now, |last| last.lost += 1),
            Event::Verified { .. } => self.count(now, |last| last.verified += 1),
            Event::Opened { .. } => self.count(now, |last| last.opened += 1),
            Event::Retried { fault, .. } if fault.class() != Class::Conflict => {
                self.count(now, |last| last.retried += 1)
            }
            Event::AcquireFailed { .. } => self.count(now, |last| last.failed += 1),
            Event::OpenFailed { .. }
            | Event::Suspected { fault: None, .. }
            | Event::Closed { .. }
            | Event::HeldWhileWaiting { .. }
            | Event::Retried { .. }
            | Event::OutcomeResolved { .. }
            | Event::CommittedUnreplicated
            | Event::Fenced { .. } => Sign::None,
        }
    }

    fn is_same_story(&self, now: Instant) -> bool {
        self.in_outage || self.last_sign.is_some_and(|sign| now - sign < SAME_STORY)
    }

    fn sign(&mut self, fault: &Fault, now: Instant, clock: Timestamp) -> Sign {
        let more = self.last_sign.is_some_and(|sign| now - sign < SAME_STORY)
            || self.last().is_some_and(|last| last.ended.is_none());
        self.last_sign = Some(now);
        if !more {
            if self.incidents.len() >= self.limit {
                let _oldest = self.incidents.pop_front();
            }
            self.incidents.push_back(Incident::new(clock, fault.clone()));
        }
        let ended = (!self.in_outage).then_some(clock);
        if let Some(last) = self.incidents.back_mut() {
            last.ended = ended;
        }
        if more { Sign::More } else { Sign::First }
    }

    /// Counts what happens while the story is told. It is no sign: it does not make the incident longer.
    fn count(&mut self, now: Instant, count: impl FnOnce(&mut Incident)) -> Sign {
        if self.is_same_story(now) {
            self.change(count);
        }
        Sign::None
    }

    fn change(&mut self, change: impl FnOnce(&mut Incident)) {
        if let Some(last) = self.incidents.back_mut() {
            change(last);
        }
    }
}

const SAME_STORY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::super::CloseCause;
    use super::*;
    use crate::verdict::Step;

    fn fault(text: &str) -> Fault {
        Fault::new(Class::ConnectionLost, Step::Statement, text)
    }

    fn suspected(text: &str) -> Event {
        Event::Suspected { generation: 2, fault: Some(fault(text)) }
    }

    #[test]
    fn a_lost_connection_and_the_outage_behind_it_are_one_incident_with_its_extent() {
        let (mut chronicle, start, clock) = (Chronicle::new(3), Instant::now(), Timestamp::now());
        let mut note = |at: u64, event: &Event| {
            let sign = chronicle.note(event, start + Duration::from_millis(at), clock);
            (sign, chronicle.last().cloned())
        };
        assert_eq!(note(0, &suspected("first")).0, Sign::First);
        let lost = Event::Closed { cause: CloseCause::Lost(fault("gone")), age: Duration::ZERO, idle: None };
        let _two = (note(1, &lost), note(2, &lost));
        assert_eq!(note(900, &Event::IncidentBegan { fault: fault("second") }).0, Sign::More);
        assert!(note(5000, &suspected("third")).1.is_some_and(|last| last.ended.is_none()));
        let (_, last) = note(6000, &Event::IncidentEnded { lasted: Duration::from_secs(5), attempts: 7 });
        let last = last.unwrap();
        assert_eq!((last.cause.summary(), last.failed_tries, last.lost), ("first", 7, 2));
        assert!(last.outage && last.ended.is_some());
        assert_eq!(note(6900, &suspected("an echo")).0, Sign::More);
        assert_eq!(note(8000, &suspected("another")).0, Sign::First);
        assert_eq!(chronicle.all().count(), 2);
    }

    #[test]
    fn what_happens_long_after_an_incident_is_not_counted_to_it() {
        let (mut chronicle, start, clock) = (Chronicle::new(1), Instant::now(), Timestamp::now());
        chronicle.note(&suspected("first"), start, clock);
        let verified = Event::Verified { took: Duration::ZERO };
        chronicle.note(&verified, start + Duration::from_millis(500), clock);
        chronicle.note(&verified, start + Duration::from_secs(2), clock);
        assert_eq!(chronicle.last().map(|last| last.verified), Some(1));
    }

    #[test]
    fn the_oldest_incident_is_forgotten() {
        let (mut chronicle, start, clock) = (Chronicle::new(2), Instant::now(), Timestamp::now());
        for second in [0, 10, 20] {
            chronicle.note(&suspected("x"), start + Duration::from_secs(second), clock);
        }
        assert_eq!(chronicle.all().count(), 2);
    }
}
