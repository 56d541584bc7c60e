//! Doing what the plan wants.

use rustix::process::Signal;

use crate::clock::{Duration, now};
use crate::master::child::Running;
use crate::master::log;
use crate::master::shell::Shell;
use crate::message::{Down, PROTOCOL, Welcome};
use crate::plan::{Action, Gone, Note};
use crate::tag::tag;

/// Beats in a timeout: enough that none of them matters.
const BEATS: u32 = 30;

impl Shell {
    /// Does what the plan wants, until it wants nothing more.
    pub(super) fn obey(&mut self) {
        loop {
            let actions = self.plan.take_actions();
            if actions.is_empty() {
                return;
            }
            actions.into_iter().for_each(|action| self.act(action));
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Spawn { number, incarnation } => self.spawn(number, incarnation),
            Action::Retire(incarnation) => self.tell(incarnation, &Down::Retire),
            Action::Drain(incarnation) => self.tell(incarnation, &Down::Drain),
            Action::Hurry(incarnation) => self.tell(incarnation, &Down::Hurry),
            Action::Warn { incarnation, stuck, age } => {
                let (tag, age_s) = (self.tag(incarnation), age.as_secs_f64());
                tracing::warn!(tag, age_s, %stuck, "a worker makes no progress");
            }
            Action::Abort { incarnation, stuck, age } => {
                let (tag, age_s) = (self.tag(incarnation), age.as_secs_f64());
                tracing::error!(tag, age_s, %stuck, "a worker is stuck; SIGABRT");
                if let Some(worker) = self.workers.get(&incarnation) {
                    worker.revoke_licence();
                }
                // A process that was stopped gets nothing but KILL before it goes on.
                self.signal(incarnation, Signal::ABORT);
                self.signal(incarnation, Signal::CONT);
            }
            Action::Kill { incarnation, why } => {
                tracing::error!(tag = self.tag(incarnation), why, "a worker is killed");
                self.unclean |= self.plan.is_ending();
                self.signal(incarnation, Signal::KILL);
            }
            Action::Note(note) => {
                if note == Note::Ending {
                    // Nobody takes connections from here any more but the workers, and each of them closes its own.
                    self.start.listeners.clear();
                }
                log::note(note);
            }
            Action::Done(code) => self.done = Some(code),
        }
    }

    fn spawn(&mut self, number: usize, incarnation: u64) {
        let welcome = self.welcome(number, incarnation);
        match Running::start(&self.program, &self.start, &welcome) {
            Ok(running) => {
                tracing::info!(number, tag = running.who.tag, pid = running.who.pid, "a worker was started");
                self.workers.insert(incarnation, running);
            }
            Err(error) => {
                tracing::error!(number, %error, "a worker cannot be started");
                let how = format!("it could not be started: {error}");
                self.plan.gone(incarnation, &Gone { code: None, how, jitter: fastrand::f64() }, now());
            }
        }
    }

    pub(super) fn welcome(&self, number: usize, incarnation: u64) -> Welcome {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Welcome {
            protocol: PROTOCOL,
            number,
            incarnation,
            workers: self.plan.wanted(),
            tag: tag(&self.options.name, number, &self.name, incarnation),
            master: self.name.clone(),
            listeners: self.start.listeners.len(),
            beat_ms: millis(self.options.timeout / BEATS),
            drain_ms: millis(self.options.drain_timeout),
        }
    }

    fn tell(&mut self, incarnation: u64, message: &Down) {
        if let Some(worker) = self.workers.get_mut(&incarnation) {
            worker.tell(message);
        }
    }

    fn signal(&self, incarnation: u64, signal: Signal) {
        if let Some(worker) = self.workers.get(&incarnation) {
            worker.signal(signal);
        }
    }

    fn tag(&self, incarnation: u64) -> &str {
        self.workers.get(&incarnation).map_or("", |worker| worker.who.tag.as_str())
    }
}
