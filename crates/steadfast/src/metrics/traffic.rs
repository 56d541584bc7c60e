//! HTTP requests: how many there are, and how many there were.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crossbeam_utils::CachePadded;

use crate::by_thread::ByThread;
use crate::time::Duration;

/// An HTTP request that was answered. All texts must come from a small, fixed set.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Answered<'a> {
    /// Its method, if that is a registered one.
    pub method: &'a str,
    /// The route that it matched, as the router has it; never the address that was sent.
    pub route: &'a str,
    /// The status of the answer; zero when the client was gone before it.
    pub status: u16,
    /// From its head to the head of the answer.
    pub took: Duration,
    /// Whether it asked how the service is (health, metrics, the status page): such requests are measured, but are no
    /// traffic, and a readiness of 503 is no failure.
    pub is_probe: bool,
}

impl<'a> Answered<'a> {
    /// A request that was answered.
    #[must_use]
    pub const fn new(method: &'a str, route: &'a str, status: u16, took: Duration) -> Self {
        Self { method, route, status, took, is_probe: false }
    }

    /// The same of a request that only asked how the service is.
    #[must_use]
    pub const fn of_probe(self) -> Self {
        Self { is_probe: true, ..self }
    }
}

/// Counts requests, for each thread by itself: one begins in one thread and may end in another. Cheap to clone; the clones
/// share the counts.
#[derive(Clone)]
pub(super) struct Traffic(Arc<ByThread<CachePadded<Requests>>>);

/// What one thread counts. Each request is in the first, and once it is over in one of the others.
#[derive(Default)]
struct Requests {
    begun: AtomicU64,
    probes: AtomicU64,
    served: AtomicU64,
    failed: AtomicU64,
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self(Arc::new(ByThread::new(CachePadded::default)))
    }

    /// Counts one that has begun.
    pub(super) fn began(&self) {
        self.0.here().begun.fetch_add(1, Relaxed);
    }

    /// Counts one that had begun and is over.
    pub(super) fn ended(&self, answered: &Answered<'_>) {
        let requests = self.0.here();
        let ended = match answered.status {
            _ if answered.is_probe => &requests.probes,
            0 | 500.. => &requests.failed,
            _ => &requests.served,
        };
        ended.fetch_add(1, Release);
    }

    /// How many have begun and are not over.
    pub(super) fn active(&self) -> i64 {
        // Those that are over first: whoever sees that one has ended then sees that it had begun.
        let over = self.ended_as(|requests| &requests.probes).wrapping_add(self.all());
        let begun = self.0.iter().fold(0u64, |sum, requests| sum.wrapping_add(requests.begun.load(Relaxed)));
        begun.wrapping_sub(over).cast_signed()
    }

    /// Those that are over, without those that asked how the service is.
    pub(super) fn all(&self) -> u64 {
        self.failed().wrapping_add(self.ended_as(|requests| &requests.served))
    }

    /// Those of [`all`](Self::all) that were answered by 500 and above, or not at all.
    pub(super) fn failed(&self) -> u64 {
        self.ended_as(|requests| &requests.failed)
    }

    fn ended_as(&self, count: fn(&Requests) -> &AtomicU64) -> u64 {
        self.0.iter().fold(0, |sum, requests| sum.wrapping_add(count(requests).load(Acquire)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn answered(status: u16) -> Answered<'static> {
        Answered::new("GET", "/a", status, Duration::from_millis(1))
    }

    #[test]
    fn a_request_is_active_until_it_is_over_in_whatever_thread() {
        let traffic = Traffic::new();
        (0..3).for_each(|_| traffic.began());
        assert_eq!((traffic.active(), traffic.all()), (3, 0));
        std::thread::scope(|scope| {
            scope.spawn(|| traffic.ended(&answered(200)));
            scope.spawn(|| traffic.ended(&answered(503).of_probe()));
        });
        assert_eq!((traffic.active(), traffic.all(), traffic.failed()), (1, 1, 0));
    }

    #[test]
    fn what_is_answered_by_500_and_above_or_not_at_all_has_failed() {
        let traffic = Traffic::new();
        [0, 200, 404, 499, 500, 503, 599].iter().for_each(|status| traffic.ended(&answered(*status)));
        assert_eq!((traffic.all(), traffic.failed()), (7, 4));
    }

    #[test]
    fn whoever_looks_sees_none_end_that_has_not_begun() {
        const REQUESTS: u64 = 20_000;
        let (traffic, done) = (Traffic::new(), AtomicBool::new(false));
        let (begun, to_end) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let begun = begun;
                for _ in 0..REQUESTS {
                    traffic.began();
                    begun.send(()).unwrap();
                }
            });
            scope.spawn(|| {
                to_end.into_iter().for_each(|()| traffic.ended(&answered(200)));
                done.store(true, Relaxed);
            });
            while !done.load(Relaxed) {
                let active = traffic.active();
                assert!(active >= 0, "{active}");
            }
        });
        assert_eq!((traffic.active(), traffic.all()), (0, REQUESTS));
    }
}
