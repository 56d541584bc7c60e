//! How the master treats its workers.

use crate::clock::Duration;

/// How the master treats its workers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How many workers there shall be, 1 to [`Options::MOST`]; default 1.
    pub workers: usize,
    /// How long a worker may make no progress before it is ended; default 30 s, as other servers of this kind have it.
    /// At half of it there is a warning.
    pub timeout: Duration,
    /// Between SIGABRT and SIGKILL; default 2 s, enough to write a dump and too short to matter.
    pub abort_grace: Duration,
    /// How long a worker that replaces another one (SIGHUP), or a whole new master (SIGUSR2), may take to become ready
    /// before it is given up and everything stays as it is; default 60 s.
    pub ready_timeout: Duration,
    /// How long a worker that was told to drain may take until its process has ended; default 30 s. Then it is killed.
    pub drain_timeout: Duration,
    /// The same for a worker that was told to hurry; default 5 s.
    pub hurry_timeout: Duration,
    /// What the tags of workers begin with; default `steadfast`. What is not printable ASCII becomes `?`, and what is
    /// too long for PostgreSQL's `application_name` is cut.
    pub name: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: 1,
            timeout: Duration::from_secs(30),
            abort_grace: Duration::from_secs(2),
            ready_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(30),
            hurry_timeout: Duration::from_secs(5),
            name: "steadfast".to_owned(),
        }
    }
}

impl Options {
    /// More workers than this are a slip of the keyboard.
    pub const MOST: usize = 512;

    /// The same with values that cannot work moved to the nearest that can.
    pub(crate) fn bounded(mut self) -> Self {
        self.workers = self.workers.clamp(1, Self::MOST);
        self.timeout = self.timeout.max(SHORTEST);
        self
    }
}

/// A busy machine may well keep a healthy process waiting for some hundred milliseconds.
const SHORTEST: Duration = Duration::from_secs(1);
