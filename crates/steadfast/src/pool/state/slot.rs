//! A place for one connection, and the stages of its life.

use std::panic::Location;

use crossbeam_utils::CachePadded;

use super::moment::Moment;
use super::openings::Attempt;

/// Names a slot for as long as the pool lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SlotId(pub(super) usize);

/// Who has acquired a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Borrower {
    /// Where, when leak tracking is on.
    pub(crate) location: Option<&'static Location<'static>>,
    /// In which task, if in one.
    pub(crate) task: Option<tokio::task::Id>,
}

/// A slot and what is known of the connection in it.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Slot<C> {
    pub(super) stage: Stage<C>,
    /// The generation in which the connection was opened or last verified.
    pub(super) generation: u64,
    pub(super) opened: Moment,
    /// When it is retired: its age limit less the jitter.
    pub(super) expires: Moment,
    /// Who holds it. Apart, because it is written each time the connection changes hands; the rest of a slot is then only
    /// looked at, by all threads and for all slots, as long as nothing is unusual.
    pub(super) borrower: CachePadded<Borrower>,
}

/// Where the connection is. In every stage but `Idle` it is with a task or a caller, which must report back.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(super) enum Stage<C> {
    /// Nobody.
    Vacant,
    /// A task of the pool is connecting.
    Opening {
        since: Moment,
        attempt: Attempt,
        /// It takes longer than usual: do not count on it.
        stalled: bool,
        /// The task was told to give up; it has not reported yet.
        aborted: bool,
    },
    /// Nobody uses it.
    Idle {
        connection: C,
        /// Since when nobody has.
        since: Moment,
        /// When it was last known to work.
        checked: Moment,
    },
    /// A task of the pool is asking the peer whether it is still there.
    Verifying {
        /// Since when nobody has used it.
        since: Moment,
        /// The answer takes longer than usual: do not count on it.
        stalled: bool,
    },
    /// A caller has it.
    Leased {
        since: Moment,
        /// When it was last known to work.
        checked: Moment,
    },
    /// A task of the pool is bringing it back to its initial state.
    Cleaning {
        /// It takes longer than usual: do not count on it.
        stalled: bool,
    },
    /// A task of the pool is saying goodbye.
    Closing,
}

impl<C> Slot<C> {
    pub(super) const fn vacant() -> Self {
        Self {
            stage: Stage::Vacant,
            generation: 0,
            opened: Moment::NEVER,
            expires: Moment::NEVER,
            borrower: CachePadded::new(Borrower { location: None, task: None }),
        }
    }

    /// Leased since this moment. Nothing is written when that is what stands here: within a tick it does.
    #[inline]
    pub(super) fn lease(&mut self, now: Moment, was_checked: Moment) {
        if !matches!(self.stage, Stage::Leased { since, checked } if since == now && checked == was_checked) {
            self.stage = Stage::Leased { since: now, checked: was_checked };
        }
    }

    pub(super) const fn is_vacant(&self) -> bool {
        matches!(self.stage, Stage::Vacant)
    }

    /// True when this slot is expected to serve somebody soon without anybody's doing.
    pub(super) const fn is_coming(&self) -> bool {
        matches!(
            self.stage,
            Stage::Opening { stalled: false, aborted: false, .. }
                | Stage::Verifying { stalled: false, .. }
                | Stage::Cleaning { stalled: false }
        )
    }

    /// Since when nobody has used it, and when it was last known to work; `None` unless it is idle.
    pub(super) const fn idle(&self) -> Option<(Moment, Moment)> {
        if let Stage::Idle { since, checked, .. } = &self.stage { Some((*since, *checked)) } else { None }
    }

    /// True when its peer takes longer to answer than usual.
    pub(super) const fn is_stalled(&self) -> bool {
        matches!(self.stage, Stage::Verifying { stalled: true, .. } | Stage::Cleaning { stalled: true })
    }

    /// Since when a connection is being opened, as long as nobody gave that up; and whether it takes too long.
    pub(super) const fn opening(&self) -> Option<(Moment, bool)> {
        if let Stage::Opening { since, stalled, aborted: false, .. } = self.stage {
            Some((since, stalled))
        } else {
            None
        }
    }

    /// True when a connection is being opened and that does not take longer than usual.
    pub(super) const fn is_opening_well(&self) -> bool {
        matches!(self.stage, Stage::Opening { stalled: false, aborted: false, .. })
    }

    /// True when there is a connection that may serve again.
    pub(super) const fn is_live(&self) -> bool {
        matches!(
            self.stage,
            Stage::Idle { .. } | Stage::Verifying { .. } | Stage::Leased { .. } | Stage::Cleaning { .. }
        )
    }
}
