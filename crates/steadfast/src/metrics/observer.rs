//! From events and figures to instruments.

use std::sync::Arc;

use super::instruments::{Instruments, Metrics};
use crate::error::AcquireFailure;
use crate::event::{CloseCause, Ending, Event, Measurement, Observer, Operation};
use crate::outcome::Outcome;
use crate::time::{Duration, Instant};
use crate::verdict::Step;

impl Metrics {
    /// These instruments as an observer of a database.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(self.clone())
    }
}

impl Observer for Metrics {
    fn observe(&self, event: &Event) {
        self.0.note(event);
    }

    fn is_measuring(&self) -> bool {
        true
    }

    fn measure(&self, measurement: &Measurement) {
        let instruments = &self.0;
        match measurement {
            Measurement::Acquired { waited } => instruments.wait_time.observe(*waited),
            Measurement::Returned { used } => instruments.use_time.observe(*used),
            Measurement::Worked { operation, took, ending } => instruments.worked(*operation, *took, *ending),
        }
    }
}

impl Instruments {
    fn worked(&self, operation: Operation, took: Duration, ending: Ending) {
        let at = Operation::ALL.iter().position(|other| *other == operation);
        match (ending, at.and_then(|at| self.done.get(at))) {
            (Ending::Done, Some(timing)) => timing.observe(took),
            _ => self.operations.observe([operation.name(), ending.error_type()], took),
        }
    }

    fn note(&self, event: &Event) {
        match event {
            Event::Opened { took } => self.create_time.observe(*took),
            Event::OpenFailed { fault, .. } => {
                self.open_failures.with_label_values(&[fault.class().name()]).inc();
            }
            Event::Closed { cause, idle, .. } => self.closed(cause, *idle),
            Event::Verified { took } => {
                self.pings.with_label_values(&["answered"]).inc();
                self.ping_time.observe(*took);
            }
            Event::Suspected { fault, .. } if fault.is_some() => {
                self.incidents.with_label_values(&["loss"]).inc();
            }
            Event::IncidentBegan { .. } => self.incidents.with_label_values(&["outage"]).inc(),
            Event::AcquireFailed { failure, .. } => {
                self.acquire_failures.with_label_values(&[failure.name()]).inc();
                if *failure == AcquireFailure::TimedOut {
                    self.timeouts.inc();
                }
            }
            Event::HeldWhileWaiting { .. } => self.held_while_waiting.inc(),
            Event::Retried { operation, fault, .. } => {
                self.retries.with_label_values(&[operation.name(), fault.class().name()]).inc();
            }
            Event::OutcomeResolved { outcome, .. } => {
                self.outcomes.with_label_values(&[word(outcome)]).inc();
            }
            Event::CommittedUnreplicated => {
                self.outcomes.with_label_values(&["committed_unreplicated"]).inc()
            }
            Event::Fenced { in_doubt } => {
                self.fences.with_label_values(&[if *in_doubt { "in_doubt" } else { "left_behind" }]).inc();
            }
            Event::Suspected { .. } | Event::IncidentEnded { .. } => {}
        }
    }

    fn closed(&self, cause: &CloseCause, idle: Option<Duration>) {
        self.deaths.with_label_values(&[cause.name()]).inc();
        match cause {
            CloseCause::PingTimedOut => self.pings.with_label_values(&["timed_out"]).inc(),
            CloseCause::Lost(fault) if fault.step() == Step::Ping => {
                self.pings.with_label_values(&["failed"]).inc();
            }
            CloseCause::Lost(_)
            | CloseCause::NotCleaned(_)
            | CloseCause::Recycled
            | CloseCause::IdleTooLong
            | CloseCause::Disposed
            | CloseCause::Surplus
            | CloseCause::PoolClosed
            | CloseCause::Forked
            | CloseCause::Asked => {}
        }
        if let Some(idle) = idle {
            let mut deaths = self.idle_deaths.lock();
            if deaths.len() >= REMEMBERED_DEATHS {
                let _oldest = deaths.pop_front();
            }
            deaths.push_back((Instant::now(), idle));
        }
    }
}

/// The outcome as metrics have it: a fixed word.
const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Committed { .. } => "committed",
        Outcome::NotCommitted => "not_committed",
        Outcome::Unknown(_) => "unknown",
    }
}

const REMEMBERED_DEATHS: usize = 32;
