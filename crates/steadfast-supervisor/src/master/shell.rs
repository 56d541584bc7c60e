//! The loop: wait, hear, decide, obey.

use std::collections::BTreeMap;
use std::os::fd::AsFd as _;

use rustix::process::Signal;

use crate::clock::{Duration, Instant, now};
use crate::error::SupervisorError;
use crate::hooks::{Death, Hooks, Identity};
use crate::master::announce::Announcer;
use crate::master::child::Running;
use crate::master::exit_hook::ExitHook;
use crate::master::helpers::{CleanUp, Helpers};
use crate::master::log;
use crate::master::porter::keep_the_door;
use crate::master::program::Program;
use crate::master::signals::{Signals, Wish};
use crate::master::start::Start;
use crate::master::strangers::bury;
use crate::master::successor::{Progress, Successor};
use crate::master::wait::wait;
use crate::message::{Down, PROTOCOL, Up, Welcome};
use crate::options::Options;
use crate::plan::{Action, Ask, Gone, Note, Plan};
use crate::roster::Stage;
use crate::tag::{master_name, tag};

/// A master at work.
#[derive(Debug)]
pub(super) struct Shell {
    options: Options,
    start: Start,
    program: Program,
    name: String,
    signals: Signals,
    plan: Plan,
    workers: BTreeMap<u64, Running>,
    announcer: Announcer,
    exit_hook: ExitHook,
    helpers: Helpers,
    successor: Option<Successor>,
    /// The predecessor knows that this master serves.
    took_over: bool,
    /// When the end was asked for last, and whether a porter passed that on.
    asked: Option<(Instant, bool)>,
    /// A worker had to be killed at the end.
    unclean: bool,
    done: Option<u8>,
}

/// A signal to a whole group reaches a master twice: by itself and through its porter.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

/// How long the end waits for helpers. Those that take longer go on alone.
const HELPERS: Duration = Duration::from_secs(5);

/// Beats in a timeout: enough that none of them matters.
const BEATS: u32 = 30;

impl Shell {
    pub(super) fn new(
        start: Start,
        options: Options,
        hooks: &Hooks,
        clean_up: Option<CleanUp>,
    ) -> Result<Self, SupervisorError> {
        let signals = Signals::listen().map_err(SupervisorError::system("its signals"))?;
        let program =
            Program::of_this_process().map_err(SupervisorError::system("the program's own path"))?;
        let exit_hook = ExitHook::start(hooks).map_err(SupervisorError::system("a thread for a hook"))?;
        tracing::info!(workers = options.workers, program = %program.path().display(), "starting workers");
        Ok(Self {
            plan: Plan::new(options.clone(), now()),
            options,
            start,
            program,
            name: master_name(),
            signals,
            workers: BTreeMap::new(),
            announcer: Announcer::default(),
            exit_hook,
            helpers: Helpers::new(clean_up),
            successor: None,
            took_over: false,
            asked: None,
            unclean: false,
            done: None,
        })
    }

    /// Runs to the end, and gives the exit code.
    pub(super) fn run(mut self) -> u8 {
        let code = loop {
            self.obey();
            if let Some(code) = self.done {
                break code;
            }
            self.announcer.announce(&self.plan, &mut self.workers);
            self.take_over();
            self.wait();
            self.hear_signals();
            self.hear_workers();
            self.hear_parent();
            self.hear_successor();
            self.reap();
            self.helpers.tick(now());
            self.plan.tick(now());
        };
        self.exit_hook.finish();
        let end = now() + HELPERS;
        while !self.helpers.is_idle() && now() < end {
            wait([(self.signals.as_fd(), false)].into_iter(), Some(end));
            let _too_late = self.signals.pending();
            self.helpers.tick(now());
        }
        match self.successor {
            Some(successor) if successor.is_ready => {
                keep_the_door(successor, self.signals, self.start.parent)
            }
            Some(_) | None => {
                tracing::info!(code, "the master ends");
                if code == 0 && self.unclean { 1 } else { code }
            }
        }
    }

    /// Does what the plan wants, until it wants nothing more.
    fn obey(&mut self) {
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

    fn welcome(&self, number: usize, incarnation: u64) -> Welcome {
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

    fn wait(&self) {
        let links = self.workers.values().map(|worker| &worker.link);
        let links = links.chain(self.start.parent.as_ref()).chain(self.successor.as_ref().map(|s| &s.link));
        let links = links.filter(|link| !link.is_closed()).map(|link| (link.as_fd(), link.is_behind()));
        let due = self.successor.as_ref().and_then(Successor::due);
        let until =
            [self.plan.next_deadline(), self.helpers.next_deadline(), due].into_iter().flatten().min();
        wait([(self.signals.as_fd(), false)].into_iter().chain(links), until);
    }

    fn hear_signals(&mut self) {
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
        let at = now();
        let same = self.asked.is_some_and(|(before, how)| how != passed_on && at - before < SAME_SIGNAL);
        // The workers of a master that was replaced drain already: only the second signal is news for them.
        let news = !replaced || self.asked.is_some();
        self.asked = Some((at, passed_on));
        if news && !same {
            self.plan.ask(Ask::End, at);
        }
    }

    fn hear_workers(&mut self) {
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
    fn hear_parent(&mut self) {
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

    fn take_over(&mut self) {
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

    fn hear_successor(&mut self) {
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

    fn reap(&mut self) {
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
