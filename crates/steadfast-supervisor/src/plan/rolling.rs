//! Replacing the workers one by one. The new one is ready before the old one drains, and if it does not become ready
//! everything stays as it is: what was replaced before, and what was not.

use std::collections::VecDeque;

use crate::clock::Instant;
use crate::plan::{Action, Activity, Note, Plan};

/// A roll in progress.
#[derive(Debug)]
pub(super) struct Roll {
    number: usize,
    step: Step,
    /// The places that come after this one.
    rest: VecDeque<usize>,
}

#[derive(Debug)]
enum Step {
    /// The new worker starts, and is given up at this moment.
    Starting { new: u64, until: Instant },
    /// The old one drains. Waiting for it bounds the connections to one worker's more than usual.
    Leaving { old: u64 },
}

impl Roll {
    pub(super) const fn due(&self) -> Option<Instant> {
        match self.step {
            Step::Starting { until, .. } => Some(until),
            Step::Leaving { .. } => None,
        }
    }
}

impl Plan {
    pub(super) fn reload(&mut self, now: Instant) {
        if self.roll.is_some() {
            self.roll_again = true;
            return;
        }
        self.note(Note::Rolling);
        self.roll_next((1..=self.wanted).collect(), now);
    }

    /// This one is ready. If the roll waited for it, whoever was in its place goes.
    pub(super) fn roll_goes_on(&mut self, incarnation: u64, now: Instant) {
        let Some(roll) = &mut self.roll else { return };
        let number = roll.number;
        if !matches!(roll.step, Step::Starting { new, .. } if new == incarnation) {
            return;
        }
        let old = self.members.iter().find(|member| {
            member.number == number && member.is_current() && member.incarnation != incarnation
        });
        if let Some(old) = old.map(|member| member.incarnation) {
            roll.step = Step::Leaving { old };
            self.retire(old, now);
        } else {
            let rest = std::mem::take(&mut roll.rest);
            self.roll_next(rest, now);
        }
    }

    /// This one has ended, or will.
    pub(super) fn roll_lost(&mut self, incarnation: u64, why: &str, now: Instant) {
        let Some(roll) = &mut self.roll else { return };
        match roll.step {
            Step::Starting { new, .. } if new == incarnation => {
                let number = roll.number;
                self.roll_fails(number, why.to_owned());
            }
            Step::Leaving { old } if old == incarnation => {
                // It may only have said that it leaves.
                if !self.members.iter().any(|member| member.incarnation == old) {
                    let rest = std::mem::take(&mut roll.rest);
                    self.roll_next(rest, now);
                }
            }
            Step::Starting { .. } | Step::Leaving { .. } => {}
        }
    }

    pub(super) fn roll_expires(&mut self, now: Instant) {
        let Some(Roll { step: Step::Starting { new, until }, number, .. }) = self.roll else { return };
        if now < until {
            return;
        }
        let within = self.options.ready_timeout;
        let soon = now + self.options.hurry_timeout;
        self.roll_fails(number, format!("it was not ready within {} s", within.as_secs_f64()));
        if self.members.iter().any(|m| m.number == number && m.is_current() && m.incarnation != new)
            && let Some(member) = self.member(new)
        {
            member.activity = Activity::Draining { until: soon };
            self.actions.extend([Action::Retire(new), Action::Hurry(new)]);
        }
    }

    fn roll_fails(&mut self, number: usize, why: String) {
        (self.roll, self.roll_again) = (None, false);
        self.note(Note::RollFailed { number, why });
    }

    fn roll_next(&mut self, mut rest: VecDeque<usize>, now: Instant) {
        self.roll = None;
        while let Some(number) = rest.pop_front() {
            if number <= self.wanted {
                let new = self.spawn(number, now);
                let until = now + self.options.ready_timeout;
                self.roll = Some(Roll { number, step: Step::Starting { new, until }, rest });
                return;
            }
        }
        self.note(Note::Rolled);
        if std::mem::take(&mut self.roll_again) {
            self.reload(now);
        }
    }
}
