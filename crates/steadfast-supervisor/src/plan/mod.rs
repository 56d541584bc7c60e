//! The master's decisions: which workers there are, which there shall be, and what to do about it. Pure: it takes the
//! time and gives [`Action`]s.

mod action;
mod asking;
mod member;
mod pulse;
mod respawn;
mod rolling;

pub(crate) use action::{Action, Ask, Note};
pub(crate) use member::{Activity, Member};

use std::collections::BTreeMap;

use crate::EXIT_CONFIGURATION;
use crate::clock::Instant;
use crate::message::Beat;
use crate::options::Options;
use crate::plan::asking::Ending;
use crate::plan::respawn::Place;
use crate::plan::rolling::Roll;

/// The state of a master.
#[derive(Debug)]
pub(crate) struct Plan {
    options: Options,
    wanted: usize,
    /// The processes that there are, in the order of their start.
    members: Vec<Member>,
    /// What is remembered of each place, whoever is in it.
    places: BTreeMap<usize, Place>,
    /// How many processes there have been.
    incarnations: u64,
    roll: Option<Roll>,
    /// Somebody asked for another roll while there was one.
    roll_again: bool,
    ending: Option<Ending>,
    /// Whether any worker of this master was ever ready.
    ever_ready: bool,
    /// What was told last.
    degraded: Option<String>,
    done: bool,
    actions: Vec<Action>,
}

/// How a process ended.
#[derive(Debug, Clone)]
pub(crate) struct Gone {
    pub(crate) code: Option<i32>,
    /// In words.
    pub(crate) how: String,
    /// 0 to 1, for the pause before the next one.
    pub(crate) jitter: f64,
}

impl Plan {
    /// Begins: all workers are to be started.
    pub(crate) fn new(options: Options, now: Instant) -> Self {
        let mut plan = Self {
            wanted: options.workers,
            options,
            members: Vec::new(),
            places: BTreeMap::new(),
            incarnations: 0,
            roll: None,
            roll_again: false,
            ending: None,
            ever_ready: false,
            degraded: None,
            done: false,
            actions: Vec::new(),
        };
        plan.ensure(now);
        plan
    }

    /// What is to be done, in this order. Asked after every other call.
    pub(crate) fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// The worker is ready.
    pub(crate) fn ready(&mut self, incarnation: u64, now: Instant) {
        let Some(member) = self.member(incarnation) else { return };
        member.pulse.heard(now);
        if member.activity != Activity::Starting {
            return;
        }
        member.activity = Activity::Ready;
        let took = now.saturating_duration_since(member.started);
        self.ever_ready = true;
        self.note(Note::Ready { incarnation, took });
        self.roll_goes_on(incarnation, now);
    }

    /// The worker says that it ends, because somebody else than its master told it to.
    pub(crate) fn draining(&mut self, incarnation: u64, now: Instant) {
        let until = now + self.options.drain_timeout;
        let Some(member) = self.member(incarnation) else { return };
        member.pulse.heard(now);
        if member.is_current() {
            member.activity = Activity::Draining { until };
            self.note(Note::LeavesByItself { incarnation });
            self.roll_lost(incarnation, "it was told to end", now);
            self.ensure(now);
        }
    }

    /// A beat came from the worker.
    pub(crate) fn beat(&mut self, incarnation: u64, beat: &Beat, now: Instant) {
        if let Some(member) = self.member(incarnation) {
            member.pulse.note(beat, now);
        }
    }

    /// The worker's process has ended, or could not be started. Says whether that was expected.
    pub(crate) fn gone(&mut self, incarnation: u64, gone: &Gone, now: Instant) -> bool {
        let Some(index) = self.members.iter().position(|member| member.incarnation == incarnation) else {
            return true;
        };
        let member = self.members.remove(index);
        let expected = matches!(member.activity, Activity::Draining { .. }) && !member.killed;
        if member.is_current() && self.ending.is_none() {
            self.died(&member, gone, now);
        }
        self.roll_lost(incarnation, &gone.how, now);
        self.ensure(now);
        self.finish();
        expected
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Instant) {
        let options = self.options.clone();
        let mut actions = Vec::new();
        for member in &mut self.members {
            member.tick(&options, now, &mut actions);
            if let Some(place) = self.places.get_mut(&member.number).filter(|_| member.is_current()) {
                place.lives(now.saturating_duration_since(member.started));
            }
        }
        self.actions.append(&mut actions);
        self.roll_expires(now);
        self.ensure(now);
        self.tell_degraded();
        self.finish();
    }

    /// When [`tick`](Self::tick) has something to do, if nothing happens before.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let members = self.members.iter().filter_map(|member| member.due(&self.options));
        let healthy = self.members.iter().filter(|member| member.is_current()).filter_map(|member| {
            self.places.get(&member.number).and_then(|place| place.healthy_at(member.started))
        });
        let vacant = (1..=self.wanted)
            .filter(|number| self.ending.is_none() && self.current(*number).is_none())
            .filter_map(|number| self.places.get(&number)?.next);
        members.chain(healthy).chain(vacant).chain(self.roll.as_ref().and_then(Roll::due)).min()
    }

    pub(crate) const fn wanted(&self) -> usize {
        self.wanted
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// How many have died in this place unasked, and how the last one did.
    pub(crate) fn deaths(&self, number: usize) -> (u64, Option<String>) {
        self.places.get(&number).map_or((0, None), |place| (place.deaths, place.last_death.clone()))
    }

    /// Why there are not as many workers as there should be, when that is no accident.
    pub(crate) fn degraded(&self) -> Option<String> {
        let bad = self.places.iter().find(|(number, place)| **number <= self.wanted && place.is_degraded());
        bad.map(|(number, place)| {
            let how = place.last_death.as_deref().unwrap_or("unknown");
            format!(
                "worker {number} dies again and again, {} times so far; the last time: {how}",
                place.deaths
            )
        })
    }

    pub(crate) const fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// A death that nobody asked for.
    fn died(&mut self, member: &Member, gone: &Gone, now: Instant) {
        let never_ready = member.activity == Activity::Starting && !self.ever_ready && self.roll.is_none();
        if never_ready && gone.code == Some(i32::from(EXIT_CONFIGURATION)) {
            self.end(EXIT_CONFIGURATION, true, now);
            self.hurry(now);
            return;
        }
        let replaced = self.current(member.number).is_some();
        let place = self.places.entry(member.number).or_default();
        if replaced {
            place.last_death = Some(gone.how.clone());
        } else {
            let lived = now.saturating_duration_since(member.started);
            place.failed(lived, gone.how.clone(), now, gone.jitter);
        }
        self.tell_degraded();
    }

    /// Starts whoever is missing, and retires whoever is too many.
    fn ensure(&mut self, now: Instant) {
        if self.ending.is_some() {
            return;
        }
        for number in 1..=self.wanted {
            let due = self.places.get(&number).and_then(|place| place.next).is_none_or(|next| next <= now);
            if due && self.current(number).is_none() {
                self.spawn(number, now);
            }
        }
        let wanted = self.wanted;
        let surplus: Vec<_> = self
            .members
            .iter()
            .filter(|m| m.number > wanted && m.is_current())
            .map(|m| m.incarnation)
            .collect();
        for incarnation in surplus {
            self.retire(incarnation, now);
        }
    }

    fn spawn(&mut self, number: usize, now: Instant) -> u64 {
        self.incarnations += 1;
        let incarnation = self.incarnations;
        self.members.push(Member::new(number, incarnation, now));
        self.actions.push(Action::Spawn { number, incarnation });
        incarnation
    }

    fn retire(&mut self, incarnation: u64, now: Instant) {
        let until = now + self.options.drain_timeout;
        if let Some(member) = self.member(incarnation).filter(|member| member.is_current()) {
            member.activity = Activity::Draining { until };
            self.actions.push(Action::Retire(incarnation));
        }
    }

    fn member(&mut self, incarnation: u64) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.incarnation == incarnation)
    }

    /// Whoever is in this place and stays there.
    fn current(&self, number: usize) -> Option<&Member> {
        self.members.iter().find(|member| member.number == number && member.is_current())
    }

    fn note(&mut self, note: Note) {
        self.actions.push(Action::Note(note));
    }

    fn tell_degraded(&mut self) {
        let now = self.degraded();
        if now.is_some() != self.degraded.is_some() {
            self.note(now.clone().map_or(Note::Recovered, Note::Degraded));
        }
        self.degraded = now;
    }

    fn finish(&mut self) {
        if let Some(ending) = self.ending.as_ref().filter(|_| self.members.is_empty() && !self.done) {
            self.actions.push(Action::Done(ending.code));
            self.done = true;
        }
    }
}

#[cfg(test)]
mod tests;
