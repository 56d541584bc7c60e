//! The master, as a program uses it.

use std::process::{Command, ExitCode};
use std::sync::Arc;

use crate::error::SupervisorError;
use crate::hooks::Hooks;
use crate::master::helpers::CleanUp;
use crate::master::shell::Shell;
use crate::master::start::Start;
use crate::options::Options;

/// The master: keeps workers running until it is told to end.
pub struct Supervisor {
    start: Start,
    options: Options,
    hooks: Hooks,
    clean_up: Option<CleanUp>,
}

impl Supervisor {
    /// A master over what [`Start::listen`] listens on.
    #[must_use]
    pub fn new(start: Start, options: Options) -> Self {
        Self { start, options: options.bounded(), hooks: Hooks::default(), clean_up: None }
    }

    /// With these hooks. The workers need them too ([`Worker::run`](crate::Worker::run)).
    #[must_use]
    pub fn hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = hooks;
        self
    }

    /// How to end what dead workers have left on servers. Given the tags of workers that did not end well, this makes
    /// the command of a process that finds what bears them and ends it; it must not do anything else, for it runs in the
    /// master. The process is started with the master's environment and an empty standard input, is bounded to 20
    /// minutes, and tried three times when it fails; it should try on by itself while a server cannot be reached. At
    /// most four run at a time.
    #[must_use]
    pub fn clean_up_with(
        mut self,
        make: impl Fn(&[String]) -> Option<Command> + Send + Sync + 'static,
    ) -> Self {
        self.clean_up = Some(Arc::new(make));
        self
    }

    /// Runs until told to end; gives the exit code: 0, or 1 when a worker had to be killed at the end, or 78 when the
    /// workers' configuration cannot work. To be called on a thread that the program does not need for anything else,
    /// before there are others but a log's. The master says what it does through `tracing`: the
    /// subscriber must not wait for whoever reads it, or the master does.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.try_run() {
            Ok(code) => ExitCode::from(code),
            Err(error) => {
                tracing::error!(%error, "the master cannot begin");
                ExitCode::FAILURE
            }
        }
    }

    fn try_run(self) -> Result<u8, SupervisorError> {
        let Self { start, mut options, hooks, clean_up } = self;
        if let Some(workers) = start.workers {
            options.workers = workers;
        }
        Ok(Shell::new(start, options.bounded(), &hooks, clean_up)?.run())
    }
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supervisor")
            .field("options", &self.options)
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}
