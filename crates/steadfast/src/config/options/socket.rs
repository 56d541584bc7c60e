//! TCP settings of a PostgreSQL connection.

use crate::error::ConfigError;
use crate::time::Duration;

/// TCP settings of a PostgreSQL connection. The kernel counts keepalive times in whole seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketOptions {
    /// Whether the kernel probes an idle connection; default on.
    pub keepalives: bool,
    /// Idle time before the first probe; default 20 s, 1 s to 32 767 s.
    pub keepalives_idle: Duration,
    /// Time between probes; default 10 s, 1 s to 32 767 s.
    pub keepalives_interval: Duration,
    /// Probes without an answer until the connection is given up; default 5, 1 to 127. With the defaults a
    /// dead peer is found after 20 + 5 x 10 = 70 s, where Linux alone takes more than two hours.
    pub keepalives_count: u32,
    /// How long sent data may stay unacknowledged; default 10 s. Keepalives do not fire while any is. `None`:
    /// the system's own limit, about 15 minutes on Linux.
    pub tcp_user_timeout: Option<Duration>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            keepalives: true,
            keepalives_idle: Duration::from_secs(20),
            keepalives_interval: Duration::from_secs(10),
            keepalives_count: 5,
            tcp_user_timeout: Some(Duration::from_secs(10)),
        }
    }
}

impl SocketOptions {
    /// What the kernel would refuse or round.
    pub(crate) fn problems(&self) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        for (field, value) in [
            ("postgres.keepalives_idle", self.keepalives_idle),
            ("postgres.keepalives_interval", self.keepalives_interval),
        ] {
            if value.subsec_nanos() != 0 || !(1..=MAX_KEEPALIVE_SECS).contains(&value.as_secs()) {
                let problem = "not a time that the kernel can keep";
                problems.push(ConfigError::new(field, problem, "accepted are whole seconds, 1s to 32767s"));
            }
        }
        if !(1..=MAX_KEEPALIVE_COUNT).contains(&self.keepalives_count) {
            let problem = format!("{} probes", self.keepalives_count);
            problems.push(ConfigError::new("postgres.keepalives_count", problem, "accepted are 1 to 127"));
        }
        if let Some(timeout) = self.tcp_user_timeout {
            let whole = timeout.subsec_nanos() % 1_000_000 == 0;
            if !whole || !(1..=MAX_USER_TIMEOUT_MILLIS).contains(&timeout.as_millis()) {
                let problem = "not a time that the kernel can keep";
                let accepted = "accepted are whole milliseconds, 1ms to 2147483647ms, or off";
                problems.push(ConfigError::new("postgres.tcp_user_timeout", problem, accepted));
            }
        }
        problems
    }
}

/// Linux's `MAX_TCP_KEEPIDLE` and `MAX_TCP_KEEPINTVL`.
pub(crate) const MAX_KEEPALIVE_SECS: u64 = 32_767;
/// Linux's `MAX_TCP_KEEPCNT`.
pub(crate) const MAX_KEEPALIVE_COUNT: u32 = 127;
/// `TCP_USER_TIMEOUT` is a C `int` of milliseconds.
const MAX_USER_TIMEOUT_MILLIS: u128 = i32::MAX as u128;
