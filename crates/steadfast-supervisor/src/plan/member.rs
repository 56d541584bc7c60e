//! One process of a worker, as the plan sees it.

use crate::clock::Instant;
use crate::options::Options;
use crate::plan::pulse::Pulse;
use crate::plan::{Action, Note};
use crate::roster::Stage;

/// One process.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) number: usize,
    pub(crate) incarnation: u64,
    pub(crate) activity: Activity,
    pub(super) started: Instant,
    pub(super) pulse: Pulse,
    warned: bool,
    /// It got SIGABRT, and this is when SIGKILL follows.
    aborted: Option<Instant>,
    pub(super) killed: bool,
}

/// What it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activity {
    Starting,
    Ready,
    /// It was told to end, or said that it would, and is killed at this moment.
    Draining {
        until: Instant,
    },
}

impl Member {
    pub(super) const fn new(number: usize, incarnation: u64, now: Instant) -> Self {
        let pulse = Pulse::new(now);
        let activity = Activity::Starting;
        Self {
            number,
            incarnation,
            activity,
            started: now,
            pulse,
            warned: false,
            aborted: None,
            killed: false,
        }
    }

    /// Whether it holds its place: nobody else is started for it.
    pub(super) const fn is_current(&self) -> bool {
        !matches!(self.activity, Activity::Draining { .. })
    }

    /// For the roster.
    pub(crate) fn stage(&self) -> Stage {
        match self.activity {
            Activity::Draining { .. } => Stage::Draining,
            Activity::Starting | Activity::Ready if self.warned || self.aborted.is_some() => Stage::Stuck,
            Activity::Starting => Stage::Starting,
            Activity::Ready => Stage::Ready,
        }
    }

    pub(super) fn tick(&mut self, options: &Options, now: Instant, actions: &mut Vec<Action>) {
        let incarnation = self.incarnation;
        if self.killed {
            return;
        }
        if self.aborted.is_some_and(|kill_at| now >= kill_at) {
            self.killed = true;
            actions.push(Action::Kill { incarnation, why: "it did not end after SIGABRT" });
            return;
        }
        if let Activity::Draining { until } = self.activity {
            if now >= until {
                self.killed = true;
                actions.push(Action::Kill { incarnation, why: "it did not end in time" });
            }
            return;
        }
        if self.aborted.is_some() {
            return;
        }
        let age = self.pulse.age(now);
        if let Some(stuck) = self.pulse.stuck(now, options.timeout) {
            self.aborted = Some(now + options.abort_grace);
            actions.push(Action::Abort { incarnation, stuck, age });
            return;
        }
        match self.pulse.stuck(now, options.timeout / 2) {
            Some(stuck) if !self.warned => {
                self.warned = true;
                actions.push(Action::Warn { incarnation, stuck, age });
            }
            Some(_) => {}
            None if self.warned => {
                self.warned = false;
                actions.push(Action::Note(Note::GetsOn { incarnation }));
            }
            None => {}
        }
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn due(&self, options: &Options) -> Option<Instant> {
        if self.killed {
            return None;
        }
        match (self.activity, self.aborted) {
            (Activity::Draining { until }, kill_at) => Some(kill_at.map_or(until, |at| at.min(until))),
            (Activity::Starting | Activity::Ready, Some(kill_at)) => Some(kill_at),
            (Activity::Starting | Activity::Ready, None) => {
                let limit = if self.warned { options.timeout } else { options.timeout / 2 };
                Some(self.pulse.due(limit))
            }
        }
    }
}
