//! What can be seen from outside: the whole, the slots one by one, and who holds them.

use super::circuit::Circuit;
use super::{Borrower, Moment, Slot, Stage, State};
use crate::error::Phase;
use crate::pool::status::{CircuitState, Reachability, SlotStage, SlotStatus, Status};
use crate::time::Duration;

impl<C, W> State<C, W> {
    /// True when a connection that comes back may go to whoever asks next, with no look at anything but itself: nobody
    /// waits, nothing is wrong, and there are not too many.
    pub(crate) fn is_calm(&self) -> bool {
        !self.closing
            && self.waiters.is_empty()
            && matches!(self.circuit, Circuit::Closed)
            && self.slots.len() <= self.limits.capacity()
    }

    /// Everything at one moment.
    pub(crate) fn status(&self, now: Moment) -> Status {
        let mut status = Status {
            size: self.limits.size,
            max_overflow: self.limits.max_overflow,
            waiting: self.waiters.len(),
            longest_wait: self.waiters.oldest().map_or(Duration::ZERO, |since| now.since(since)),
            generation: self.generation,
            closing: self.closing,
            ..Status::default()
        };
        for slot in &self.slots {
            match slot.stage {
                Stage::Vacant => continue,
                Stage::Opening { .. } => status.opening += 1,
                Stage::Idle { .. } => status.idle += 1,
                Stage::Verifying { .. } => status.verifying += 1,
                Stage::Leased { .. } => status.leased += 1,
                Stage::Cleaning { .. } => status.cleaning += 1,
                Stage::Closing => status.closing_connections += 1,
            }
            status.suspect += usize::from(slot.is_live() && slot.generation < self.generation);
        }
        status.circuit = match &self.circuit {
            Circuit::Closed => CircuitState::Closed,
            Circuit::Recovering { .. } => CircuitState::Recovering,
            Circuit::Open(_) => CircuitState::Open,
        };
        status.reachability = match &self.circuit {
            Circuit::Closed | Circuit::Recovering { .. } => Reachability::Reachable,
            Circuit::Open(outage) => Reachability::Unreachable {
                since: now.since(outage.since),
                attempts: outage.attempts,
                fault: outage.fault.clone(),
            },
        };
        status
    }

    /// What the pool would be doing for somebody who waits now.
    pub(crate) fn phase(&self) -> Phase {
        let any = |stage: fn(&Stage<C>) -> bool| self.slots.iter().any(|slot| stage(&slot.stage));
        if any(|stage| matches!(stage, Stage::Verifying { .. })) {
            Phase::Verifying
        } else if any(|stage| matches!(stage, Stage::Opening { .. })) || self.outage().is_some() {
            Phase::Opening
        } else {
            Phase::Waiting
        }
    }

    /// How many connections this task has acquired and not given back.
    pub(crate) fn held_by(&self, task: tokio::task::Id) -> usize {
        let is_held =
            |slot: &&Slot<C>| matches!(slot.stage, Stage::Leased { .. }) && slot.borrower.task == Some(task);
        self.slots.iter().filter(is_held).count()
    }

    /// Who holds connections, as far as it was recorded, and since when; longest first.
    pub(crate) fn holders(&self) -> Vec<(Borrower, Moment)> {
        let mut holders: Vec<_> = self
            .slots
            .iter()
            .filter_map(|slot| match slot.stage {
                Stage::Leased { since, .. } => Some((*slot.borrower, since)),
                Stage::Vacant
                | Stage::Opening { .. }
                | Stage::Idle { .. }
                | Stage::Verifying { .. }
                | Stage::Cleaning { .. }
                | Stage::Closing => None,
            })
            .collect();
        holders.sort_by_key(|(_, since)| *since);
        holders
    }

    /// Every slot that was ever used, in its place.
    pub(crate) fn slots(&self, now: Moment) -> Vec<SlotStatus> {
        self.slots.iter().map(|slot| view(slot, self.generation, now)).collect()
    }
}

fn view<C>(slot: &Slot<C>, generation: u64, now: Moment) -> SlotStatus {
    let (stage, since) = match &slot.stage {
        Stage::Vacant => (SlotStage::Vacant, None),
        Stage::Opening { since, .. } => (SlotStage::Opening, Some(*since)),
        Stage::Idle { since, .. } => (SlotStage::Idle, Some(*since)),
        Stage::Verifying { since, .. } => (SlotStage::Verifying, Some(*since)),
        Stage::Leased { since, .. } => (SlotStage::Leased, Some(*since)),
        Stage::Cleaning { .. } => (SlotStage::Cleaning, None),
        Stage::Closing => (SlotStage::Closing, None),
    };
    SlotStatus {
        stage,
        since: since.map(|since| now.since(since)),
        age: slot.is_live().then(|| now.since(slot.opened)),
        suspect: slot.is_live() && slot.generation < generation,
    }
}
