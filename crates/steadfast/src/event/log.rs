//! Events in the log. `docs/observability.md` lists names and fields: they are stable.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::chronicle::{Chronicle, Incident, Sign};
use super::{Event, Observer};
use crate::sync::Handle;
use crate::tasks;
use crate::time::{Duration, Instant, far_future, sleep_until};

/// An observer that writes to `tracing` with stable field names. Single events are told at the level `debug`; at the
/// usual level an incident is one line, written when it is over, with cause, extent and duration. An outage that lasts
/// longer than a second has a line at its beginning as well, because nobody knows when the other one will come.
#[derive(Debug)]
pub struct TracingObserver {
    teller: Arc<Teller>,
}

#[derive(Debug)]
struct Teller {
    /// Held for moments only.
    chronicle: Mutex<Chronicle>,
    /// The outage has begun or is over.
    turn: Notify,
}

impl Default for TracingObserver {
    fn default() -> Self {
        Self {
            teller: Arc::new(Teller { chronicle: Mutex::new(Chronicle::new(FOLLOWED)), turn: Notify::new() }),
        }
    }
}

impl Observer for TracingObserver {
    fn observe(&self, event: &Event) {
        tell(event);
        let sign = self.teller.chronicle.lock().note(event, Instant::now(), Timestamp::now());
        match sign {
            Sign::None => {}
            Sign::More => self.teller.turn.notify_one(),
            Sign::First => match Handle::try_current() {
                Ok(runtime) => {
                    let teller = Arc::clone(&self.teller);
                    let began = teller.chronicle.lock().last().map(|incident| incident.began);
                    drop(tasks::spawn_on(&runtime, "events: incident", teller.follow(began)));
                }
                // A lease was dropped outside any runtime: nobody will wait for the end.
                Err(_) => self.teller.chronicle.lock().last().iter().for_each(|incident| over(incident)),
            },
        }
    }
}

impl Teller {
    /// Follows the incident that began then to its end, and tells of it.
    async fn follow(self: Arc<Self>, began_at: Option<Timestamp>) {
        let patience = Instant::now() + PATIENCE;
        let mut told = false;
        loop {
            let (incident, over_at, in_outage) = {
                let chronicle = self.chronicle.lock();
                let own = chronicle.all().find(|incident| Some(incident.began) == began_at);
                let is_last = chronicle.last().map(|last| last.began) == began_at;
                let over_at = if is_last { chronicle.over_at() } else { Some(Instant::now()) };
                (own.cloned(), over_at, is_last && chronicle.in_outage())
            };
            let Some(incident) = incident else { return };
            let now = Instant::now();
            if in_outage && !told && now >= patience {
                began(&incident);
                told = true;
            }
            let next = match over_at {
                Some(at) if now >= at => return over(&incident),
                Some(at) => at,
                None if told => far_future(),
                None => patience,
            };
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.turn.notified() => {}
            }
        }
    }
}

fn began(incident: &Incident) {
    tracing::warn!(
        event = "incident_began",
        cause = %incident.cause,
        connections_lost = incident.lost,
        "the database cannot be reached; reconnecting"
    );
}

fn over(incident: &Incident) {
    macro_rules! line {
        ($level:ident, $text:literal) => {
            tracing::$level!(
                event = "incident_ended",
                cause = %incident.cause,
                lasted_ms = millis(incident.lasted(Timestamp::now())),
                connections_lost = incident.lost,
                connections_verified = incident.verified,
                connections_opened = incident.opened,
                tries_failed = incident.failed_tries,
                work_retried = incident.retried,
                callers_failed = incident.failed,
                $text
            )
        };
    }
    if incident.outage {
        line!(warn, "the database could not be reached for a while; it is reachable again");
    } else if incident.failed > 0 {
        line!(warn, "connections were lost, and callers got none in time; it is over");
    } else {
        line!(info, "connections were lost; the others were verified before reuse");
    }
}

/// One event, for whoever looks closely.
#[expect(clippy::too_many_lines, reason = "one arm an event, each a line of the log")]
fn tell(event: &Event) {
    match event {
        Event::Opened { took } => {
            tracing::debug!(event = "opened", took_ms = millis(*took), "connection opened")
        }
        Event::OpenFailed { attempt, fault, next_in } => tracing::debug!(
            event = "open_failed",
            attempt,
            cause = %fault,
            next_in_ms = next_in.map(millis),
            "connection could not be opened"
        ),
        Event::Closed { cause, age, idle } => tracing::debug!(
            event = "closed",
            reason = cause.name(),
            ?cause,
            age_ms = millis(*age),
            idle_ms = idle.map(millis),
            "connection closed"
        ),
        Event::Verified { took } => {
            tracing::trace!(event = "verified", took_ms = millis(*took), "connection verified");
        }
        Event::Suspected { generation, fault } => {
            let cause = fault.as_ref().map(tracing::field::display);
            tracing::debug!(event = "suspected", generation, cause, "connections are verified before reuse");
        }
        Event::IncidentBegan { fault } => {
            tracing::debug!(event = "outage_began", cause = %fault, "connecting fails");
        }
        Event::IncidentEnded { lasted, attempts } => tracing::debug!(
            event = "outage_ended",
            lasted_ms = millis(*lasted),
            attempts,
            "connecting works again"
        ),
        Event::AcquireFailed { failure, waited } => tracing::debug!(
            event = "acquire_failed",
            reason = failure.name(),
            waited_ms = millis(*waited),
            "a caller got no connection"
        ),
        Event::HeldWhileWaiting { location, held } => tracing::warn!(
            event = "held_while_waiting",
            %location,
            held,
            "a task that holds a connection waits for another, and all are in use: that can deadlock"
        ),
        Event::Retried { operation, attempt, fault, verdict, delay } => tracing::debug!(
            event = "retried",
            operation = operation.name(),
            attempt,
            cause = %fault,
            verdict = verdict.name(),
            delay_ms = millis(*delay),
            "work is tried again"
        ),
        Event::OutcomeResolved { outcome, took } if outcome.is_known() => tracing::info!(
            event = "outcome_resolved",
            outcome = outcome.name(),
            took_ms = millis(*took),
            "the answer to a COMMIT was lost, and its outcome found out"
        ),
        Event::OutcomeResolved { outcome, took } => tracing::warn!(
            event = "outcome_resolved",
            %outcome,
            took_ms = millis(*took),
            "the answer to a COMMIT was lost"
        ),
        Event::CommittedUnreplicated => tracing::warn!(
            event = "committed_unreplicated",
            "committed without the synchronous standby: its wait was cancelled"
        ),
        Event::Fenced { in_doubt } => tracing::info!(
            event = "fenced",
            in_doubt,
            "what a lost connection had left behind on the server was ended"
        ),
    }
}

/// The next incident may begin before the end of this one was told.
const FOLLOWED: usize = 4;

/// An outage that is over by then has one line.
const PATIENCE: Duration = Duration::from_secs(1);

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
