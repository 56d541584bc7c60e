//! What a master can be asked, and how it ends.

use crate::clock::Instant;
use crate::options::Options;
use crate::plan::{Action, Activity, Ask, Note, Plan};

/// The end has begun.
#[derive(Debug)]
pub(super) struct Ending {
    /// To end with.
    pub(super) code: u8,
}

impl Plan {
    /// Somebody asks.
    pub(crate) fn ask(&mut self, ask: Ask, now: Instant) {
        match ask {
            Ask::End if self.is_ending() => self.hurry(now),
            Ask::End => self.end(0, true, now),
            Ask::HandOver => self.end(0, false, now),
            _ if self.is_ending() => {}
            Ask::Reload => self.reload(now),
            Ask::More => self.want(self.wanted.saturating_add(1), now),
            Ask::Fewer => self.want(self.wanted.saturating_sub(1), now),
        }
        self.finish();
    }

    /// Drains all. `closing`: nobody else serves in their place.
    pub(super) fn end(&mut self, code: u8, closing: bool, now: Instant) {
        if self.ending.is_some() {
            return;
        }
        self.ending = Some(Ending { code });
        (self.roll, self.roll_again) = (None, false);
        self.note(Note::Ending);
        let until = now + self.options.drain_timeout;
        for member in &mut self.members {
            if member.is_current() {
                member.activity = Activity::Draining { until };
                let told = if closing { Action::Drain } else { Action::Retire };
                self.actions.push(told(member.incarnation));
            }
        }
    }

    pub(super) fn hurry(&mut self, now: Instant) {
        self.note(Note::Hurrying);
        let soon = now + self.options.hurry_timeout;
        for member in &mut self.members {
            if let Activity::Draining { until } = &mut member.activity {
                *until = soon.min(*until);
            }
            self.actions.push(Action::Hurry(member.incarnation));
        }
    }

    fn want(&mut self, wanted: usize, now: Instant) {
        let wanted = wanted.clamp(1, Options::MOST);
        if wanted != self.wanted {
            self.wanted = wanted;
            // A place that is opened again has no past.
            self.places.retain(|number, _| *number <= wanted);
            self.note(Note::Wanted(wanted));
            self.ensure(now);
        }
    }
}
