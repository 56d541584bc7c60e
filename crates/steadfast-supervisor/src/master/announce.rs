//! What the workers are told of each other.

use std::collections::BTreeMap;

use crate::master::child::Running;
use crate::message::Down;
use crate::plan::Plan;
use crate::roster::{Roster, Stage, WorkerView};

/// Tells all workers when something has changed, and each blob to all.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    told: Roster,
}

impl Announcer {
    /// Tells the roster to everybody if it has changed; and everything to those who fell behind.
    pub(super) fn announce(&mut self, plan: &Plan, succeeding: bool, workers: &mut BTreeMap<u64, Running>) {
        let roster = Roster { succeeding, ..roster(plan, workers) };
        if roster != self.told {
            let message = Down::Roster(roster.clone());
            workers.values_mut().filter(|worker| worker.greeted).for_each(|worker| worker.tell(&message));
            self.told = roster;
        }
        let behind: Vec<_> = workers
            .iter()
            .filter(|(_, worker)| worker.stale && !worker.link.is_behind())
            .map(|(id, _)| *id)
            .collect();
        for incarnation in behind {
            Self::tell_all_blobs(incarnation, workers);
        }
    }

    /// Tells everything to somebody who has just come.
    pub(super) fn introduce(&self, incarnation: u64, workers: &mut BTreeMap<u64, Running>) {
        if let Some(worker) = workers.get_mut(&incarnation) {
            worker.greeted = true;
            worker.tell(&Down::Roster(self.told.clone()));
        }
        Self::tell_all_blobs(incarnation, workers);
    }

    fn tell_all_blobs(incarnation: u64, workers: &mut BTreeMap<u64, Running>) {
        let all: Vec<_> = workers.iter().flat_map(|(of, worker)| blobs(*of, worker)).collect();
        if let Some(worker) = workers.get_mut(&incarnation) {
            worker.stale = false;
            all.iter().for_each(|message| worker.tell_blob(message));
        }
    }
}

fn blobs(incarnation: u64, worker: &Running) -> impl Iterator<Item = Down> {
    worker.blobs.iter().map(move |(name, value)| Down::Blob {
        incarnation,
        name: name.clone(),
        value: value.clone(),
    })
}

fn roster(plan: &Plan, workers: &BTreeMap<u64, Running>) -> Roster {
    let mut views: Vec<_> = plan
        .members()
        .iter()
        .map(|member| view(plan, member.number, member.stage(), workers.get(&member.incarnation)))
        .collect();
    for number in 1..=plan.wanted() {
        if !views.iter().any(|view| view.number == number && view.stage != Stage::Draining) {
            views.push(view(plan, number, Stage::Waiting, None));
        }
    }
    views.sort_by_key(|view| (view.number, view.incarnation));
    Roster {
        master: std::process::id(),
        wanted: plan.wanted(),
        succeeding: false,
        degraded: plan.degraded(),
        workers: views,
    }
}

fn view(plan: &Plan, number: usize, stage: Stage, running: Option<&Running>) -> WorkerView {
    let (deaths, last_death) = plan.deaths(number);
    WorkerView {
        number,
        incarnation: running.map_or(0, |running| running.who.incarnation),
        tag: running.map_or_else(String::new, |running| running.who.tag.clone()),
        pid: running.map_or(0, |running| running.who.pid),
        stage,
        started: running.map_or(0, |running| running.started),
        deaths,
        last_death,
        blobs: BTreeMap::new(),
    }
}
