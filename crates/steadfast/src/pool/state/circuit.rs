//! Whether connecting works, and when to try again while it does not.

use super::moment::Moment;
use crate::error::Fault;
use crate::time::Duration;
use crate::verdict::Class;

/// Connecting either works, works again since a moment, or fails.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(super) enum Circuit {
    /// As many may be opened at the same time as there are slots.
    Closed,
    /// It works again. So many may be opened at the same time: a server that has just come back is not
    /// met by all at once.
    Recovering { at_once: usize },
    /// It fails.
    Open(Outage),
}

/// What is known of a database that cannot be connected to.
#[derive(Debug, Clone)]
pub(crate) struct Outage {
    /// Since when.
    pub(crate) since: Moment,
    /// How many tries have failed.
    pub(crate) attempts: u32,
    /// When the last of them did.
    pub(crate) failed: Moment,
    /// When the next may be made.
    pub(crate) next: Moment,
    /// Why the last one failed.
    pub(crate) fault: Fault,
}

impl Circuit {
    /// How many connections may be opened at the same time, at this moment.
    pub(super) fn at_once(&self, now: Moment) -> usize {
        match self {
            Self::Closed => usize::MAX,
            Self::Recovering { at_once } => *at_once,
            Self::Open(outage) => usize::from(now >= outage.next),
        }
    }

    /// Notes a success; gives the outage that it ended.
    pub(super) fn succeeded(&mut self) -> Option<Outage> {
        let next = match self {
            Self::Closed => return None,
            Self::Recovering { at_once } if *at_once < FULL_SPEED => {
                Self::Recovering { at_once: *at_once * 2 }
            }
            Self::Recovering { .. } => Self::Closed,
            Self::Open(_) => Self::Recovering { at_once: 2 },
        };
        match std::mem::replace(self, next) {
            Self::Open(outage) => Some(outage),
            Self::Closed | Self::Recovering { .. } => None,
        }
    }

    /// Notes a failure; true when it is the first of an outage.
    pub(super) fn failed(&mut self, now: Moment, fault: Fault, wanted: bool, jitter: f64) -> bool {
        let (since, attempts) = match self {
            Self::Open(outage) => (outage.since, outage.attempts.saturating_add(1)),
            Self::Closed | Self::Recovering { .. } => (now, 1),
        };
        let mut outage = Outage { since, attempts, failed: now, next: now, fault };
        outage.next = now.after(outage.delay(wanted, jitter));
        *self = Self::Open(outage);
        attempts == 1
    }

    /// Somebody has come to wait: the next try need not be as far away as for an unused pool.
    pub(super) fn hasten(&mut self, jitter: f64) {
        if let Self::Open(outage) = self {
            outage.next = outage.next.min(outage.failed.after(outage.delay(true, jitter)));
        }
    }

    pub(super) const fn outage(&self) -> Option<&Outage> {
        match self {
            Self::Open(outage) => Some(outage),
            Self::Closed | Self::Recovering { .. } => None,
        }
    }
}

impl Outage {
    /// True when no waiting will help.
    pub(crate) fn is_permanent(&self) -> bool {
        self.fault.class() == Class::Permanent
    }

    /// True when the server had no room for another connection, as far as was tried lately.
    pub(crate) fn is_full(&self, now: Moment) -> bool {
        self.full_until().is_some_and(|until| now < until)
    }

    /// Until when a server that had no room is taken to have none.
    pub(crate) fn full_until(&self) -> Option<Moment> {
        (self.fault.class() == Class::Capacity).then(|| self.failed.after(FULL_FOR))
    }

    /// From one try to the next. The first retry comes at once; after that the delay grows with the outage,
    /// so that waiting for the next try never adds more than a fiftieth to it: 100 ms up to an outage of
    /// five seconds, 1 s from fifty. A permanent fault is tried on demand only, and slowly: a server may lock out
    /// who insists on a wrong password.
    fn delay(&self, wanted: bool, jitter: f64) -> Duration {
        let outage = self.failed.since(self.since);
        let delay = if self.is_permanent() {
            (outage / 10).clamp(Duration::from_secs(1), Duration::from_secs(10))
        } else if !wanted {
            (outage / 10).clamp(Duration::from_secs(1), Duration::from_secs(30))
        } else if self.attempts == 1 {
            Duration::ZERO
        } else {
            (outage / 50).clamp(Duration::from_millis(100), Duration::from_secs(1))
        };
        // Between half and all of it, so that many pools do not come back in step.
        delay.mul_f64(0.5 + jitter / 2.0)
    }
}

/// Without another try.
const FULL_FOR: Duration = Duration::from_secs(60);

/// From this many at the same time on, openings are not held back any longer.
const FULL_SPEED: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Step;

    fn fault(class: Class) -> Fault {
        Fault::new(class, Step::Dial, "test")
    }

    fn next_after(circuit: &Circuit, now: Moment) -> Duration {
        circuit.outage().expect("an outage").next.since(now)
    }

    #[test]
    fn the_first_retry_comes_at_once_while_somebody_waits() {
        let mut circuit = Circuit::Closed;
        assert!(circuit.failed(Moment::START, fault(Class::Unreachable), true, 1.0));
        assert_eq!(next_after(&circuit, Moment::START), Duration::ZERO);
        assert_eq!(circuit.at_once(Moment::START), 1);
    }

    #[test]
    fn retries_stay_within_a_fiftieth_of_the_outage_and_below_a_second() {
        let mut circuit = Circuit::Closed;
        let mut now = Moment::START;
        for _ in 0..1000 {
            let _first = circuit.failed(now, fault(Class::Unreachable), true, 1.0);
            let delay = next_after(&circuit, now);
            let bound = (now.since_start() / 50).max(Duration::from_millis(100));
            assert!(delay <= bound && delay <= Duration::from_secs(1), "{delay:?} at {now:?}");
            now = now.after(delay);
        }
    }

    #[test]
    fn an_unused_pool_tries_seldom_until_somebody_comes() {
        let mut circuit = Circuit::Closed;
        let mut now = Moment::START;
        for _ in 0..100 {
            let _first = circuit.failed(now, fault(Class::Unreachable), false, 1.0);
            now = now.after(next_after(&circuit, now));
        }
        let failed = circuit.outage().expect("an outage").failed;
        assert_eq!(next_after(&circuit, failed), Duration::from_secs(30));
        circuit.hasten(1.0);
        assert_eq!(next_after(&circuit, failed), Duration::from_secs(1));
    }

    #[test]
    fn a_server_that_came_back_is_met_by_few_at_first() {
        let mut circuit = Circuit::Closed;
        let _first = circuit.failed(Moment::START, fault(Class::Unavailable), true, 0.5);
        assert!(circuit.succeeded().is_some());
        let allowed: Vec<_> = std::iter::repeat_with(|| {
            let allowed = circuit.at_once(Moment::START);
            assert!(circuit.succeeded().is_none());
            allowed
        })
        .take(5)
        .collect();
        assert_eq!(allowed, [2, 4, 8, 16, usize::MAX]);
    }
}
