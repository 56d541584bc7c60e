//! What others say to a master: signals, workers, the master before it, the master after it, the kernel.

use crate::clock::{Duration, now};
use crate::hooks::{Death, Identity};
use crate::master::shell::Shell;
use crate::master::signals::Wish;
use crate::master::strangers::bury;
use crate::master::successor::{Progress, Successor};
use crate::message::{Down, Up};
use crate::plan::{Ask, Gone};
use crate::roster::Stage;

/// A signal to a whole group reaches a master twice: by itself and through its porter.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

impl Shell {
    pub(super) fn hear_signals(&mut self) {
        for signal in self.signals.pending() {
            self.obey_signal(signal, false);
        }
    }

    /// `passed_on`: a porter had it.
    fn obey_signal(&mut self, signal: i32, passed_on: bool) {
        let Some(wish) = Wish::of(signal).filter(|wish| *wish != Wish::Reap) else { return };
        let replaced = match &mut self.successor {
            Some(successor) if successor.is_ready => {
                successor.pass_on(signal);
                true
            }
            Some(successor) if wish == Wish::End => {
                successor.pass_on(signal);
                false
            }
            Some(_) | None => false,
        };
        match wish {
            Wish::End => self.asked_to_end(passed_on, replaced),
            _ if replaced => {}
            Wish::Reload => self.plan.ask(Ask::Reload, now()),
            Wish::More => self.plan.ask(Ask::More, now()),
            Wish::Fewer => self.plan.ask(Ask::Fewer, now()),
            Wish::Replace => self.replace(),
            Wish::Reap => {}
        }
    }

    fn asked_to_end(&mut self, passed_on: bool, replaced: bool) {
        self.systemd.stopping();
        let at = now();
        let same = self.asked.is_some_and(|(before, how)| how != passed_on && at - before < SAME_SIGNAL);
        // The workers of a master that was replaced drain already: only the second signal is news for them.
        let news = !replaced || self.asked.is_some();
        self.asked = Some((at, passed_on));
        if news && !same {
            self.plan.ask(Ask::End, at);
        }
    }

    pub(super) fn hear_workers(&mut self) {
        let all: Vec<_> = self.workers.keys().copied().collect();
        all.into_iter().for_each(|incarnation| self.hear_worker(incarnation));
    }

    fn hear_worker(&mut self, incarnation: u64) {
        let Some(worker) = self.workers.get_mut(&incarnation) else { return };
        worker.link.flush();
        let messages = worker.link.receive::<Up>().unwrap_or_else(|error| {
            tracing::error!(tag = worker.who.tag, %error, "a worker cannot be understood");
            Vec::new()
        });
        messages.into_iter().for_each(|message| self.hear(incarnation, message));
    }

    fn hear(&mut self, incarnation: u64, message: Up) {
        let Some(worker) = self.workers.get_mut(&incarnation) else { return };
        match message {
            Up::Hello { .. } => self.announcer.introduce(incarnation, &mut self.workers),
            Up::Ready => self.plan.ready(incarnation, now()),
            Up::Draining => self.plan.draining(incarnation, now()),
            Up::Beat(beat) => self.plan.beat(incarnation, &beat, now()),
            Up::Failed { reason } => worker.reason = Some(reason),
            Up::Dump { text } => {
                tracing::error!(tag = worker.who.tag, "what the stuck worker was doing:\n{text}");
            }
            Up::Blob { name, value } => {
                if worker.keep_blob(&name, &value) {
                    let message = Down::Blob { incarnation, name, value };
                    let others = self.workers.values_mut().filter(|other| other.greeted);
                    others.for_each(|other| other.tell_blob(&message));
                }
            }
        }
    }

    /// A master that took over has a porter, or a predecessor that waits for it.
    pub(super) fn hear_parent(&mut self) {
        let Some(parent) = &mut self.start.parent else { return };
        parent.flush();
        let messages = parent.receive::<Down>().unwrap_or_default();
        let gone = parent.is_closed();
        for message in messages {
            if let Down::Signal { number } = message {
                self.obey_signal(number, true);
            }
        }
        if gone {
            tracing::warn!("the process that this master took over from has gone; ending as well");
            self.start.parent = None;
            self.plan.ask(Ask::End, now());
        }
    }

    pub(super) fn take_over(&mut self) {
        let ready = self.plan.members().iter().filter(|member| member.stage() == Stage::Ready).count();
        if let Some(parent) =
            self.start.parent.as_mut().filter(|_| !self.took_over && ready >= self.plan.wanted())
        {
            self.took_over = true;
            parent.send(&Up::Ready);
            tracing::info!("all workers are ready; taking over");
        }
    }

    fn replace(&mut self) {
        if self.successor.is_some() || self.plan.is_ending() {
            return tracing::warn!("the program is being replaced already, or ends; ignoring SIGUSR2");
        }
        let until = now() + self.options.ready_timeout;
        match Successor::start(&self.program, &self.start, &self.welcome(0, 0), until) {
            Ok(successor) => {
                tracing::info!(pid = successor.pid(), "replacing the program: another master was started");
                self.successor = Some(successor);
            }
            Err(error) => {
                let path = self.program.path().display();
                tracing::error!(%path, %error, "the program cannot be executed; everything stays as it is");
            }
        }
    }

    pub(super) fn hear_successor(&mut self) {
        let Some(successor) = &mut self.successor else { return };
        successor.link.flush();
        match successor.look() {
            Progress::Same => {}
            Progress::TakesOver => {
                tracing::info!(pid = successor.pid(), "the other master has taken over; draining");
                self.plan.ask(Ask::HandOver, now());
            }
            Progress::Failed(why) => {
                tracing::error!(why, "the new program did not become ready; everything stays as it is");
                self.successor = None;
            }
        }
    }

    pub(super) fn reap(&mut self) {
        let ended: Vec<_> = self
            .workers
            .iter_mut()
            .filter_map(|(incarnation, worker)| Some((*incarnation, worker.poll()?)))
            .collect();
        for (incarnation, status) in ended {
            // Its last words.
            self.hear_worker(incarnation);
            let Some(worker) = self.workers.remove(&incarnation) else { continue };
            let death = worker.death(status, false);
            let how = worker.reason.as_ref().map_or(death.to_string(), |reason| format!("{death}: {reason}"));
            let gone = Gone { code: death.code, how, jitter: fastrand::f64() };
            let expected = self.plan.gone(incarnation, &gone, now());
            self.bury(Death { expected, ..death }, &gone.how);
        }
        let (workers, helpers, successor) = (&self.workers, &self.helpers, &self.successor);
        bury(|pid| {
            workers.values().any(|worker| worker.who.pid == pid)
                || helpers.pids().any(|known| known == pid)
                || successor.as_ref().is_some_and(|successor| successor.pid() == pid)
        });
    }

    fn bury(&mut self, death: Death, how: &str) {
        let Identity { number, tag, pid, .. } = &death.who;
        if death.is_clean() && death.expected {
            tracing::info!(number, tag, pid, "a worker has ended");
        } else {
            tracing::error!(number, tag, pid, how, "a worker has died");
        }
        if !death.is_clean() {
            self.helpers.clean_up_after(tag, now());
        }
        self.exit_hook.tell(death);
    }
}
