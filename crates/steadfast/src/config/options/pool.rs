//! How a pool behaves.

use crate::config::options::{LONGEST, first};
use crate::error::ConfigError;
use crate::time::Duration;

/// How a pool behaves.
///
/// [`PoolOptions::default`] is meant for a server at the end of a network path, [`PoolOptions::sqlite`] for
/// an embedded database.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PoolOptions {
    /// Connections kept open under load; default 5. Many workers share one server: with four of them 20 of
    /// PostgreSQL's 100 connections.
    pub size: usize,
    /// Connections beyond `size`, opened under load and retired when idle; default 10 (SQLite: 0, since it
    /// has one writer and more readers than `size` would only compete for the same processor). With
    /// [`UNLIMITED`](Self::UNLIMITED) only the server sets a limit: when it has no room (53300), callers wait for what
    /// is there.
    pub max_overflow: usize,
    /// How long `acquire` waits; default 30 s, the time after which most platforms give a request up.
    pub acquire_timeout: Duration,
    /// Name resolution, TCP, TLS and authentication together; default 10 s: a cold serverless database needs
    /// a few, a black hole would take minutes.
    pub connect_timeout: Duration,
    /// The greatest age of a connection; default 240 s, below the five minutes after which many paths forget
    /// a connection. `None`: no limit (SQLite: always, there is no path).
    pub recycle: Option<Duration>,
    /// How long a connection beyond `min_idle` stays open unused; default 120 s, so that a burst's
    /// connections go back to the server soon. `None`: no limit (SQLite's default, where an idle connection
    /// costs nobody).
    pub idle_timeout: Option<Duration>,
    /// Idle connections that the keeper keeps open; default 0, so that an unused pool falls silent and a
    /// serverless database may sleep.
    pub min_idle: usize,
    /// When a connection is verified before it is leased; default after one second of idleness. A ping before
    /// every lease halves throughput, and what died meanwhile is mostly known without one.
    pub pre_ping: PrePing,
    /// How long a ping may take; default 800 ms: below a second, so that a silent path costs nobody more.
    pub ping_timeout: Duration,
    /// How long the clean-up of a returned connection may take; default 2 s, then it is closed instead.
    pub clean_timeout: Duration,
    /// How long saying goodbye to one connection may take; default 1 s.
    pub close_timeout: Duration,
    /// Pings idle connections this often, so that the path does not forget them; default off, because traffic
    /// keeps a serverless database awake and is billed.
    pub keepalive_ping: Option<Duration>,
    /// Callers that may wait at the same time; default 10 000. Beyond it waiting is hopeless and costs
    /// memory.
    pub max_waiters: usize,
    /// Remembers who holds each connection; default off, since it costs a little on every lease.
    pub leak_tracking: bool,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            size: 5,
            max_overflow: 10,
            acquire_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            recycle: Some(Duration::from_secs(240)),
            idle_timeout: Some(Duration::from_secs(120)),
            min_idle: 0,
            pre_ping: PrePing::AfterIdle(Duration::from_secs(1)),
            ping_timeout: Duration::from_millis(800),
            clean_timeout: Duration::from_secs(2),
            close_timeout: Duration::from_secs(1),
            keepalive_ping: None,
            max_waiters: 10_000,
            leak_tracking: false,
        }
    }
}

impl PoolOptions {
    /// As `max_overflow`: as many as the server accepts. In text `unlimited`, or `-1` as in SQLAlchemy.
    pub const UNLIMITED: usize = usize::MAX;

    /// The simple settings for SQLite: five connections, no overflow, and none of the protections against a
    /// network path, which is not there.
    #[must_use]
    pub fn sqlite() -> Self {
        Self {
            max_overflow: 0,
            recycle: None,
            idle_timeout: None,
            pre_ping: PrePing::Never,
            keepalive_ping: None,
            ..Self::default()
        }
    }

    /// The most connections that the pool may hold.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.size.saturating_add(self.max_overflow)
    }

    /// Checks that the options make sense together.
    ///
    /// # Errors
    /// Names the first option that does not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        first(self.problems())
    }

    /// Everything that does not make sense, in the order of the fields.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigError> {
        let mut problems = self.count_problems();
        for (field, value) in self.durations() {
            let (problem, accepted) = match value {
                Duration::ZERO => {
                    ("0 is not a duration that anything can finish in", "accepted are 1ms and more")
                }
                longer if longer > LONGEST => ("longer than a year", "accepted are up to 365d"),
                _ => continue,
            };
            problems.push(ConfigError::new(field, problem, accepted));
        }
        problems
    }

    fn count_problems(&self) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        let mut refuse = |field: &str, problem: String, accepted: &str| {
            problems.push(ConfigError::new(field, problem, accepted));
        };
        if self.capacity() == 0 {
            refuse(
                "pool.size",
                "0 with max_overflow 0 leaves no connection".into(),
                "at least one is needed",
            );
        }
        let bounded = if self.max_overflow == Self::UNLIMITED { self.size } else { self.capacity() };
        if bounded > MAX_CAPACITY {
            let problem = format!("size + max_overflow is {bounded}");
            refuse("pool.size", problem, "accepted are together 1 to 100000");
        }
        if self.min_idle > self.size {
            let problem = format!("{} is more than size {}", self.min_idle, self.size);
            refuse("pool.min_idle", problem, "accepted are 0 to size");
        }
        if self.max_waiters == 0 {
            let problem = "0 would refuse everybody who has to wait".into();
            refuse("pool.max_waiters", problem, "accepted are 1 and more");
        }
        problems
    }

    fn durations(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let pre_ping = match self.pre_ping {
            // Zero idleness is another way to say "always".
            PrePing::AfterIdle(idle) if idle > Duration::ZERO => Some(idle),
            PrePing::Always | PrePing::AfterIdle(_) | PrePing::Never => None,
        };
        [
            ("pool.acquire_timeout", Some(self.acquire_timeout)),
            ("pool.connect_timeout", Some(self.connect_timeout)),
            ("pool.recycle", self.recycle),
            ("pool.idle_timeout", self.idle_timeout),
            ("pool.pre_ping", pre_ping),
            ("pool.ping_timeout", Some(self.ping_timeout)),
            ("pool.clean_timeout", Some(self.clean_timeout)),
            ("pool.close_timeout", Some(self.close_timeout)),
            ("pool.keepalive_ping", self.keepalive_ping),
        ]
        .into_iter()
        .filter_map(|(field, value)| value.map(|value| (field, value)))
    }
}

/// Beyond this a pool is a mistake: no PostgreSQL server accepts as many connections.
const MAX_CAPACITY: usize = 100_000;

/// When a connection is verified before it is leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrePing {
    /// Before every lease.
    Always,
    /// When it was idle for longer than this, or is suspect.
    AfterIdle(Duration),
    /// Only when it is suspect.
    Never,
}
