//! The loop: wait, hear, decide, obey.

use std::collections::BTreeMap;
use std::os::fd::AsFd as _;

use crate::clock::{Duration, Instant, now};
use crate::error::SupervisorError;
use crate::hooks::Hooks;
use crate::master::announce::Announcer;
use crate::master::child::Running;
use crate::master::exit_hook::ExitHook;
use crate::master::helpers::{CleanUp, Helpers};
use crate::master::porter::keep_the_door;
use crate::master::program::Program;
use crate::master::signals::Signals;
use crate::master::start::Start;
use crate::master::successor::Successor;
use crate::master::wait::wait;
use crate::options::Options;
use crate::plan::Plan;
use crate::roster::Stage;
use crate::systemd::Systemd;
use crate::tag::master_name;

/// A master at work.
#[derive(Debug)]
pub(super) struct Shell {
    pub(super) options: Options,
    pub(super) start: Start,
    pub(super) program: Program,
    pub(super) name: String,
    pub(super) signals: Signals,
    pub(super) plan: Plan,
    pub(super) workers: BTreeMap<u64, Running>,
    pub(super) announcer: Announcer,
    pub(super) exit_hook: ExitHook,
    pub(super) helpers: Helpers,
    pub(super) successor: Option<Successor>,
    /// The predecessor knows that this master serves.
    pub(super) took_over: bool,
    /// When the end was asked for last, and whether a porter passed that on.
    pub(super) asked: Option<(Instant, bool)>,
    /// A worker had to be killed at the end.
    pub(super) unclean: bool,
    pub(super) done: Option<u8>,
    pub(super) systemd: Systemd,
    began: Instant,
}

/// How long systemd waits for the first worker that is ready. After it the service is there all the same: it listens, and
/// waits for its database.
const FIRST_READY: Duration = Duration::from_secs(10);

/// How long the end waits for helpers. Those that take longer go on alone.
const HELPERS: Duration = Duration::from_secs(5);

impl Shell {
    pub(super) fn new(
        start: Start,
        options: Options,
        hooks: &Hooks,
        clean_up: Option<CleanUp>,
    ) -> Result<Self, SupervisorError> {
        let is_successor = start.is_successor();
        let signals = Signals::listen().map_err(SupervisorError::system("its signals"))?;
        let program =
            Program::of_this_process().map_err(SupervisorError::system("the program's own path"))?;
        let exit_hook = ExitHook::start(hooks).map_err(SupervisorError::system("a thread for a hook"))?;
        if !start.inherited.is_empty() {
            let count = start.inherited.len();
            tracing::warn!(count, "listeners were handed over that nobody here serves");
        }
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
            systemd: if is_successor { Systemd::unknown() } else { Systemd::of_this_process() },
            began: now(),
        })
    }

    /// Runs to the end, and gives the exit code.
    pub(super) fn run(mut self) -> u8 {
        let code = loop {
            self.obey();
            if let Some(code) = self.done {
                break code;
            }
            self.take_over();
            let succeeding = self.start.parent.is_some() && !self.took_over;
            self.announcer.announce(&self.plan, succeeding, &mut self.workers);
            let sign_of_life = self.tell_systemd();
            self.wait(sign_of_life);
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
                keep_the_door(successor, self.signals, self.start.parent, self.systemd)
            }
            Some(_) | None => {
                tracing::info!(code, "the master ends");
                if code == 0 && self.unclean { 1 } else { code }
            }
        }
    }

    /// Says when to come again.
    fn tell_systemd(&mut self) -> Option<Instant> {
        let ready = self.plan.members().iter().filter(|member| member.stage() == Stage::Ready).count();
        let patience = self.began + FIRST_READY;
        if ready > 0 || now() >= patience {
            self.systemd.ready();
        }
        let wanted = self.plan.wanted();
        self.systemd.status(&match self.plan.degraded() {
            _ if self.plan.is_ending() => "finishing what is in flight".to_owned(),
            Some(why) => format!("{ready} of {wanted} workers are ready; degraded: {why}"),
            None => format!("{ready} of {wanted} workers are ready"),
        });
        let beat = self.systemd.beat().map(|left| now() + left);
        let waits = (ready == 0).then_some(patience).filter(|patience| *patience > now());
        [beat, waits].into_iter().flatten().min()
    }

    fn wait(&self, sign_of_life: Option<Instant>) {
        let links = self.workers.values().map(|worker| &worker.link);
        let links = links.chain(self.start.parent.as_ref()).chain(self.successor.as_ref().map(|s| &s.link));
        let links = links.filter(|link| !link.is_closed()).map(|link| (link.as_fd(), link.is_behind()));
        let due = self.successor.as_ref().and_then(Successor::due);
        let until = [self.plan.next_deadline(), self.helpers.next_deadline(), due, sign_of_life]
            .into_iter()
            .flatten()
            .min();
        wait([(self.signals.as_fd(), false)].into_iter().chain(links), until);
    }
}
