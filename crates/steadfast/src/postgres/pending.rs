//! What was sent and not answered yet, and who waits until it is.

use std::sync::atomic::Ordering;

use crate::sync::{AtomicU32, Notify};

use super::signs::Unfinished;

/// Somebody waits for the end of all.
const AWAITED: u32 = 1 << 31;
/// Where the [marks](Unfinished) begin. What is below them counts requests.
const MARKS: u32 = 28;
const COUNT: u32 = (1 << MARKS) - 1;

/// Requests under way. Only whoever drives the connection counts and marks.
#[derive(Debug)]
pub(super) struct Pending {
    /// Requests sent and not answered, what is unfinished, and whether anybody waits: one word, so that there is no moment
    /// between a request that was begun and one that is sent, and whoever ends the last of them learns that he is waited for.
    state: AtomicU32,
    changed: Notify,
}

impl Pending {
    pub(super) fn new() -> Self {
        Self { state: AtomicU32::new(0), changed: Notify::new() }
    }

    /// True when a request has been sent, wholly or in part, and not been answered.
    pub(super) fn is_there(&self) -> bool {
        self.state.load(Ordering::Acquire) & !AWAITED != 0
    }

    /// Requests sent and not answered.
    pub(super) fn in_flight(&self) -> u32 {
        self.state.load(Ordering::Acquire) & COUNT
    }

    /// A request has left.
    pub(super) fn sent(&self) {
        self.state.fetch_add(1, Ordering::AcqRel);
    }

    /// The Sync has left that makes a request of what was begun.
    pub(super) fn synced(&self) {
        let begun = self.state.load(Ordering::Acquire) & bit(Unfinished::Pipeline);
        self.state.fetch_add(1_u32.wrapping_sub(begun), Ordering::AcqRel);
    }

    /// One request less, if there is one: a server may answer what nobody asked.
    pub(super) fn answered(&self) {
        if self.in_flight() > 0 {
            let before = self.state.fetch_sub(1, Ordering::AcqRel);
            self.tell_at_the_end(before - 1);
        }
    }

    pub(super) fn mark(&self, what: Unfinished, whether: bool) {
        if self.is_marked(what) == whether {
            return;
        }
        if whether {
            self.state.fetch_or(bit(what), Ordering::AcqRel);
        } else {
            let before = self.state.fetch_and(!bit(what), Ordering::AcqRel);
            self.tell_at_the_end(before & !bit(what));
        }
    }

    pub(super) fn is_marked(&self, what: Unfinished) -> bool {
        self.state.load(Ordering::Acquire) & bit(what) != 0
    }

    /// Whoever waits is to look again.
    pub(super) fn tell(&self) {
        if self.state.fetch_and(!AWAITED, Ordering::AcqRel) & AWAITED != 0 {
            self.changed.notify_waiters();
        }
    }

    /// Completes when nothing is under way, or nothing will be answered any more.
    pub(super) async fn end(&self, is_over: impl Fn() -> bool) {
        while self.is_there() && !is_over() {
            // In this order: whoever sees the sign tells this one too, and who does not is seen by the look behind it.
            let changed = self.changed.notified();
            self.state.fetch_or(AWAITED, Ordering::AcqRel);
            if !self.is_there() || is_over() {
                return;
            }
            changed.await;
        }
    }

    fn tell_at_the_end(&self, state: u32) {
        if state == AWAITED {
            self.tell();
        }
    }
}

const fn bit(what: Unfinished) -> u32 {
    (what as u32) << MARKS
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn polled(future: &mut Pin<Box<impl Future<Output = ()>>>) -> Poll<()> {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn whoever_waits_is_told_by_the_last_answer() {
        let pending = Pending::new();
        pending.sent();
        pending.sent();
        let mut waiting = Box::pin(pending.end(|| false));
        assert!(polled(&mut waiting).is_pending());
        assert_eq!(pending.in_flight(), 2, "who waits is no request");
        pending.answered();
        assert!(polled(&mut waiting).is_pending(), "one is left");
        pending.answered();
        assert!(polled(&mut waiting).is_ready() && !pending.is_there());
        pending.answered();
        assert_eq!(pending.in_flight(), 0, "nobody asked for this answer");
    }

    #[test]
    fn what_is_begun_is_waited_for_as_well_and_its_end_is_told() {
        let pending = Pending::new();
        pending.mark(Unfinished::Pipeline, true);
        pending.mark(Unfinished::Blocked, true);
        let mut waiting = Box::pin(pending.end(|| false));
        assert!(polled(&mut waiting).is_pending());
        pending.mark(Unfinished::Blocked, false);
        assert!(polled(&mut waiting).is_pending());
        pending.synced();
        assert!(polled(&mut waiting).is_pending() && pending.in_flight() == 1, "it became a request");
        pending.answered();
        assert!(polled(&mut waiting).is_ready());
        pending.synced();
        assert_eq!(pending.in_flight(), 1, "a Sync by itself is a request");
        pending.answered();
        assert!(!pending.is_there());
        pending.mark(Unfinished::CopyIn, true);
        let mut waiting = Box::pin(pending.end(|| false));
        assert!(polled(&mut waiting).is_pending());
        pending.mark(Unfinished::CopyIn, false);
        assert!(polled(&mut waiting).is_ready(), "without any request");
    }

    #[test]
    fn nobody_waits_for_what_is_over() {
        let (pending, over) = (Pending::new(), Cell::new(false));
        pending.sent();
        let mut waiting = Box::pin(pending.end(|| over.get()));
        assert!(polled(&mut waiting).is_pending());
        over.set(true);
        pending.tell();
        assert!(polled(&mut waiting).is_ready());
    }
}
