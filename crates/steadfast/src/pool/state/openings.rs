//! Openings that hang: a path may swallow a connect that was begun while it was silent, long after it lets new
//! ones through. So nobody counts on an opening that takes unusually long; another is begun beside it, or, without
//! room for that, in its place.

use super::{Action, Actions, Moment, Slot, SlotId, Stage, State};
use crate::error::Fault;
use crate::time::Duration;
use crate::verdict::{Class, Step};

/// What is remembered of openings.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Openings {
    /// A running mean of how long a success takes; zero before the first.
    usual: Duration,
    /// When the last opening that succeeded was begun.
    last_good: Option<Moment>,
    /// How many were given up for another since the last answer of any kind.
    replaced: u32,
    /// What is known while there is no answer of any kind.
    hung: Option<Fault>,
    next_attempt: Attempt,
}

/// Names one opening. A slot is not enough: it may be opened again before the shell has obeyed what was said about the
/// opening before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt(u64);

#[cfg(test)]
impl Attempt {
    pub(crate) const fn named(number: u64) -> Self {
        Self(number)
    }
}

impl Openings {
    pub(super) const fn new() -> Self {
        Self { usual: Duration::ZERO, last_good: None, replaced: 0, hung: None, next_attempt: Attempt(0) }
    }

    /// A name that no other opening has.
    pub(super) const fn next_attempt(&mut self) -> Attempt {
        self.next_attempt.0 += 1;
        self.next_attempt
    }

    /// An opening that was begun then has succeeded.
    pub(super) fn succeeded(&mut self, since: Moment, took: Duration) {
        self.usual = if self.usual.is_zero() { took } else { self.usual.mul_f64(0.75) + took.mul_f64(0.25) };
        self.last_good = self.last_good.max(Some(since));
        self.answered();
    }

    /// An opening has failed, which is an answer too.
    pub(super) fn answered(&mut self) {
        self.replaced = 0;
        self.hung = None;
    }

    /// Why nobody gets a connection although no opening has failed.
    pub(super) const fn hung(&self) -> Option<&Fault> {
        self.hung.as_ref()
    }

    /// True when one that was begun later has succeeded: what becomes of this one says nothing about now.
    pub(super) fn is_old_news(&self, since: Moment) -> bool {
        self.last_good.is_some_and(|good| since < good)
    }

    /// From how long on an opening is not counted on.
    fn patience(&self) -> Duration {
        (self.usual * 5).clamp(Duration::from_secs(1), Duration::from_secs(5))
    }
}

impl<C, W> State<C, W> {
    /// Notes which openings take too long. When somebody waits and no room is left, one of them makes room for a new
    /// one: the youngest, so that all others get the whole connect timeout of a server which is merely slow.
    pub(super) fn watch_openings(&mut self, now: Moment, out: &mut Actions<C, W>) {
        let patience = self.openings.patience();
        for slot in &mut self.slots {
            if let Stage::Opening { since, stalled: stalled @ false, aborted: false, .. } = &mut slot.stage
                && now >= since.after(patience)
            {
                *stalled = true;
                self.openings.hung.get_or_insert_with(no_answer);
            }
        }
        if let Some((due, id)) = self.replaceable()
            && now >= due
        {
            self.openings.replaced += 1;
            self.abort(id, out);
        }
    }

    /// Gives up every opening that hung while a later one succeeded.
    pub(super) fn give_up_old_openings(&mut self, out: &mut Actions<C, W>) {
        let last_good = self.openings.last_good;
        self.give_up_openings(|since, stalled| stalled && last_good.is_some_and(|good| since < good), out);
    }

    /// Gives up openings by since when they run and whether they take too long.
    pub(super) fn give_up_openings(&mut self, which: impl Fn(Moment, bool) -> bool, out: &mut Actions<C, W>) {
        let given_up: Vec<SlotId> = (0..)
            .zip(&self.slots)
            .filter(|(_, slot)| slot.opening().is_some_and(|(since, stalled)| which(since, stalled)))
            .map(|(index, _)| SlotId(index))
            .collect();
        for id in given_up {
            self.abort(id, out);
        }
    }

    /// When `watch_openings` has something to do next.
    pub(super) fn opening_due(&self) -> Option<Moment> {
        if self.waiters.is_empty() {
            return None;
        }
        let patience = self.openings.patience();
        let well = self.slots.iter().filter_map(Slot::opening).filter(|(_, stalled)| !stalled);
        let stalling = well.map(|(since, _)| since.after(patience));
        stalling.chain(self.replaceable().map(|(due, _)| due)).min()
    }

    /// The opening that may be given up for another, and when: somebody waits, nothing that can be counted on is
    /// coming, and there is no room for more. Where it is the only opening, since the pool is of one or all others
    /// are in use, no other is patient in its place: each try gets twice the time of the one before.
    fn replaceable(&self) -> Option<(Moment, SlotId)> {
        let making_room =
            |stage: &Stage<C>| matches!(stage, Stage::Opening { aborted: true, .. } | Stage::Closing);
        let stuck = !self.waiters.is_empty()
            && !self.slots.iter().any(|slot| making_room(&slot.stage))
            && !self.slots.iter().any(Slot::is_coming)
            && self.occupied() >= self.limits.capacity();
        let openings =
            (0..).zip(&self.slots).filter_map(|(index, slot)| Some((slot.opening()?, SlotId(index))));
        let is_alone = openings.clone().nth(1).is_none();
        let hung = openings.filter(|((_, stalled), _)| *stalled).map(|((since, _), id)| (since, id));
        let (since, id) = hung.max().filter(|_| stuck)?;
        let doublings = if is_alone { self.openings.replaced.min(3) } else { 0 };
        Some((since.after(self.openings.patience() * (1 << doublings)), id))
    }

    fn abort(&mut self, id: SlotId, out: &mut Actions<C, W>) {
        if let Stage::Opening { attempt, aborted, .. } = &mut self.slot(id).stage {
            *aborted = true;
            out.push(Action::Abort(*attempt));
        }
    }
}

fn no_answer() -> Fault {
    Fault::new(Class::Unreachable, Step::Dial, "the server does not answer").with_remedy(
        "the path swallows packets (a firewall, a stuck proxy, a sleeping host): check host, port and route",
    )
}
