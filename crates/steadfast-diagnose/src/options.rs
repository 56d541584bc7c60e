//! What is to be looked at, and how far it may go.

use std::path::PathBuf;
use std::time::Duration;

/// What is to be looked at, and how far it may go.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Only these checks; empty: all.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// The longest that all of it may take; what has not begun by then is skipped. `None`: each check has a deadline
    /// of its own and that is all.
    pub timeout: Option<Duration>,
    /// Drills: opens as many connections as the pool may, ends connections of its own, loses an answer.
    pub drill: bool,
    /// Measure for how long the path remembers an idle connection, up to this long.
    pub idle_probe: Option<Duration>,
    /// Where the idle probe keeps what it has measured, so that it can go on another time.
    pub idle_state: Option<PathBuf>,
    /// Processes that run the application at the same time, for what they need together. `None`: `WEB_CONCURRENCY`
    /// or 1.
    pub workers: Option<u32>,
    /// Tables to look at; empty: the largest ones that are found.
    pub tables: Vec<String>,
    /// How many times faster than real the retry schedule is played. `None`: 100, and 1 when drilling.
    pub retry_speed: Option<u32>,
    /// From which age on a session that is idle in a transaction is a ghost.
    pub ghost_age: Duration,
    /// What a read of a hundred rows may take.
    pub slow_query: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            skip: Vec::new(),
            timeout: None,
            drill: false,
            idle_probe: None,
            idle_state: None,
            workers: None,
            tables: Vec::new(),
            retry_speed: None,
            ghost_age: Duration::from_secs(60),
            slow_query: Duration::from_millis(500),
        }
    }
}

impl Options {
    pub(crate) fn selects(&self, id: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|name| name == id);
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }
}
