//! Finding out what became of a transaction, over whichever connection can tell.

use std::sync::Arc;

use crate::backend::Backend;
use crate::error::{AcquireError, AcquireFailure, Fault};
use crate::event::{Event, Observer};
use crate::outcome::{Doubt, Outcome, Ticket};
use crate::retry::Backoff;
use crate::time::{Duration, Instant, sleep, timeout_at};
use crate::verdict::Class;

/// Where to ask, and how.
#[derive(Debug)]
pub(crate) struct Settling<'a> {
    pub(crate) backend: &'a Backend,
    pub(crate) observers: &'a [Arc<dyn Observer>],
    /// Whether a transaction that is still in progress is ended.
    pub(crate) may_end: bool,
}

/// Asks until there is an answer, or the deadline.
///
/// # Cancel safety
/// Nothing is left behind. What was to be ended may have been.
pub(crate) async fn settle(settling: &Settling<'_>, ticket: &Ticket, deadline: Instant) -> Outcome {
    let mut backoff = Backoff::replay();
    let mut doubt = Doubt::NotReached { cause: "there was no time to ask".to_owned() };
    loop {
        let mut lease = match settling.backend.acquire_until(deadline).await {
            Ok(lease) => lease,
            Err(error) => return Outcome::Unknown(unreached(doubt, &error)),
        };
        // Asking ends by itself at the deadline, with what it has seen; this is for a connection that goes silent.
        let asked = timeout_at(deadline + GRACE, lease.settle(ticket, settling.may_end, deadline)).await;
        match asked {
            Ok(Ok(settled)) => {
                if settled.ended {
                    let event = Event::Fenced { in_doubt: true };
                    settling.observers.iter().for_each(|observer| observer.observe(&event));
                }
                // The row of a marker is locked by the transaction: it is asked for anew.
                if settled.outcome != Outcome::Unknown(Doubt::StillRunning) || Instant::now() >= deadline {
                    return settled.outcome;
                }
                doubt = Doubt::StillRunning;
            }
            Ok(Err(fault)) => {
                lease.judge(&fault);
                if is_hopeless(&fault) {
                    return Outcome::Unknown(unanswerable(&fault));
                }
                doubt = unanswerable(&fault);
            }
            Err(_) => return Outcome::Unknown(doubt),
        }
        drop(lease);
        match backoff.next() {
            Some(pause) if Instant::now() + pause < deadline => sleep(pause).await,
            _ => return Outcome::Unknown(doubt),
        }
    }
}

/// What is left when no connection could be had. What another server said before says more.
fn unreached(doubt: Doubt, error: &AcquireError) -> Doubt {
    if matches!(doubt, Doubt::OlderTimeline | Doubt::StillRunning) {
        return doubt;
    }
    let cause = match error.last_connect() {
        _ if error.failure == AcquireFailure::Closed => "the pool was closed".to_owned(),
        Some(fault) => fault.summary().to_owned(),
        None => error.to_string(),
    };
    Doubt::NotReached { cause }
}

fn unanswerable(fault: &Fault) -> Doubt {
    fault.doubt().cloned().unwrap_or_else(|| Doubt::NotReached { cause: fault.summary().to_owned() })
}

/// Asking again will not help: a right or a table is missing.
fn is_hopeless(fault: &Fault) -> bool {
    matches!(fault.class(), Class::Statement | Class::Permanent)
}

const GRACE: Duration = Duration::from_millis(500);
