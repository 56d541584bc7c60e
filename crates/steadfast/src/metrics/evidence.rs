//! What was observed, as far as advice needs it. Gathered here, judged in `advice`.

use serde::{Deserialize, Serialize};

use super::quantile::{BUCKETS, add, quantile};
use super::series::{Point, STEP_SECONDS};
use crate::config::{PoolOptions, PrePing};
use crate::time::Duration;

/// What was observed of one pool over the last minutes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Evidence {
    /// How long was observed; at most fifteen minutes.
    pub window: Duration,
    /// Whether the database could not be reached for a part of that time: waits then say nothing about sizes.
    pub outage: bool,
    /// Connections that callers got.
    pub acquired: u64,
    /// Those for which they waited longer than a millisecond.
    pub waited: u64,
    /// What 99 of 100 waits did not exceed.
    pub wait_p99: Duration,
    /// How long callers had a connection, on average.
    pub use_mean: Duration,
    /// The share of moments at which more than `size` connections were in use or waited for.
    pub beyond_size: f64,
    /// Connections that were opened.
    pub opened: u64,
    /// How long connections had been unused that died of it, each at another moment.
    pub idle_deaths: Vec<Duration>,
    /// Pings that were answered, since the process began.
    pub pings: u64,
    /// Those that were not.
    pub pings_failed: u64,
    /// What 99 of 100 round trips of pings did not exceed.
    pub ping_p99: Duration,
    /// How many connections the server lets everybody together have; unknown on SQLite.
    pub server_limit: Option<u64>,
    /// Processes that each have such a pool.
    pub workers: u64,
    /// The settings.
    pub settings: ObservedSettings,
}

/// The settings about which advice is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObservedSettings {
    /// `pool.size`.
    pub size: u64,
    /// `pool.max_overflow`.
    pub max_overflow: u64,
    /// `pool.recycle`.
    pub recycle: Option<Duration>,
    /// `pool.idle_timeout`.
    pub idle_timeout: Option<Duration>,
    /// `pool.keepalive_ping`.
    pub keepalive_ping: Option<Duration>,
    /// `pool.ping_timeout`.
    pub ping_timeout: Duration,
    /// `pool.pre_ping`, when it is a time of idleness; zero for `always`.
    pub pre_ping: Option<Duration>,
}

impl ObservedSettings {
    pub(super) fn of(options: &PoolOptions, size: usize, max_overflow: usize) -> Self {
        Self {
            // As they are now: a pool may be resized while it runs.
            size: count(size),
            max_overflow: count(max_overflow),
            recycle: options.recycle,
            idle_timeout: options.idle_timeout,
            keepalive_ping: options.keepalive_ping,
            ping_timeout: options.ping_timeout,
            pre_ping: match options.pre_ping {
                PrePing::Always => Some(Duration::ZERO),
                PrePing::AfterIdle(limit) => Some(limit),
                PrePing::Never => None,
            },
        }
    }
}

impl Evidence {
    /// What the points say; the rest is the caller's to add.
    pub(super) fn of(points: &[Point], settings: ObservedSettings) -> Self {
        let (mut waits, mut used, mut used_seconds, mut opened, mut beyond) = (Vec::new(), 0, 0.0, 0, 0_u32);
        for point in points {
            add(&mut waits, &point.acquire);
            used += u64::from(point.used);
            used_seconds += point.used_seconds;
            opened += u64::from(point.opened);
            beyond += u32::from(u64::from(point.leased) + u64::from(point.waiting) > settings.size);
        }
        let prompt = BUCKETS.iter().take_while(|bound| **bound <= 0.001).count();
        let steps = u32::try_from(points.len()).unwrap_or(u32::MAX);
        Self {
            window: Duration::from_secs(u64::from(steps) * STEP_SECONDS.unsigned_abs()),
            acquired: waits.iter().copied().map(u64::from).sum(),
            waited: waits.iter().skip(prompt).copied().map(u64::from).sum(),
            wait_p99: quantile(&waits, 0.99).unwrap_or_default(),
            use_mean: mean(used_seconds, used),
            beyond_size: if steps == 0 { 0.0 } else { f64::from(beyond) / f64::from(steps) },
            opened,
            workers: 1,
            settings,
            ..Self::default()
        }
    }

    /// Callers that got a connection, each second.
    #[must_use]
    pub fn arrivals(&self) -> f64 {
        ratio(self.acquired, self.window.as_secs_f64())
    }

    /// How many connections were in use at the same time on average: arrivals times time in use (Little's law).
    #[must_use]
    pub fn in_use(&self) -> f64 {
        self.arrivals() * self.use_mean.as_secs_f64()
    }
}

fn mean(seconds: f64, count: u64) -> Duration {
    if count == 0 {
        Duration::ZERO
    } else {
        Duration::try_from_secs_f64(ratio_of(seconds, count)).unwrap_or_default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn ratio(count: u64, per: f64) -> f64 {
    if per > 0.0 { count as f64 / per } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn ratio_of(sum: f64, count: u64) -> f64 {
    sum / count as f64
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
