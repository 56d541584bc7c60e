//! The slots one by one, for whoever draws them.

use super::{Moment, Slot, Stage, State};
use crate::pool::status::{SlotStage, SlotStatus};

impl<C, W> State<C, W> {
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
