//! Which settings fit what was observed, and why. Pure; no advice without evidence.

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use crate::time::Duration;

/// One sentence about one setting, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Advice {
    /// What it is about.
    pub topic: Topic,
    /// The sentence.
    pub text: String,
}

/// What advice may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Topic {
    /// `pool.size`.
    PoolSize,
    /// `pool.max_overflow`.
    Overflow,
    /// `pool.recycle`, `pool.idle_timeout`, `pool.keepalive_ping`: the path's idle limit.
    IdleLimit,
    /// `pool.pre_ping`, `pool.ping_timeout`.
    Ping,
    /// The server's own limit.
    ServerLimit,
}

impl Topic {
    /// It in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PoolSize => "Pool size",
            Self::Overflow => "Overflow",
            Self::IdleLimit => "Idle limit",
            Self::Ping => "Pings",
            Self::ServerLimit => "Server limit",
        }
    }
}

/// What the evidence says should be changed, the most pressing first. Empty when all fits, or when too little was
/// observed.
#[must_use]
pub fn advise(evidence: &Evidence) -> Vec<Advice> {
    let all = [
        (Topic::ServerLimit, server_limit(evidence)),
        (Topic::IdleLimit, idle_limit(evidence)),
        (Topic::PoolSize, pool_size(evidence)),
        (Topic::Overflow, overflow(evidence)),
        (Topic::Ping, ping(evidence)),
    ];
    all.into_iter().filter_map(|(topic, text)| Some(Advice { topic, text: text? })).collect()
}

/// All pools together must fit into what the server has, or some worker starves while others idle.
fn server_limit(evidence: &Evidence) -> Option<String> {
    let (limit, settings) = (evidence.server_limit?, &evidence.settings);
    let each = settings.size + settings.max_overflow;
    let all = each * evidence.workers;
    (all > limit).then(|| {
        let fits = limit / evidence.workers.max(1);
        let workers = if evidence.workers == 1 { "the pool may open".to_owned() } else {
            format!("{} workers with up to {each} connections each may open", evidence.workers)
        };
        format!(
            "Keep size and overflow together at {fits} or below: {workers} {all} in all, and the server has room for \
             {limit} (max_connections less those reserved)."
        )
    })
}

/// Connections that die at the same idle age at different moments die of a limit on the path.
fn idle_limit(evidence: &Evidence) -> Option<String> {
    let shortest = *evidence.idle_deaths.iter().min()?;
    let alike = evidence.idle_deaths.iter().filter(|idle| **idle <= shortest.mul_f64(1.25)).count();
    if alike < ENOUGH_DEATHS || shortest < Duration::from_secs(5) {
        return None;
    }
    let below = shortest.mul_f64(0.8);
    let covered = |setting: Option<Duration>| setting.is_some_and(|setting| setting <= below);
    if covered(evidence.settings.keepalive_ping) || covered(evidence.settings.idle_timeout) {
        return None;
    }
    Some(format!(
        "Set STEADFAST_POOL_IDLE_TIMEOUT or STEADFAST_POOL_KEEPALIVE_PING to {} s: {alike} connections ended after being \
         unused for about {} s, so something on the path closes them then.",
        below.as_secs().max(1),
        shortest.as_secs()
    ))
}

/// Little's law gives the mean; twice its square root above that leaves few callers waiting (square-root staffing).
fn pool_size(evidence: &Evidence) -> Option<String> {
    if !has_enough(evidence) {
        return None;
    }
    let settings = &evidence.settings;
    let fits = fitting_size(evidence);
    let capacity = settings.size + settings.max_overflow;
    let waits = evidence.waited * 100 >= evidence.acquired && evidence.wait_p99 >= NOTICEABLE;
    let why = format!(
        "{:.0} callers a second had a connection for {} on average, which keeps {:.1} busy at any moment",
        evidence.arrivals(),
        span(evidence.use_mean),
        evidence.in_use()
    );
    if waits && fits > settings.size {
        return Some(format!(
            "Raise STEADFAST_POOL_SIZE from {} to {fits}: {why}, and one caller in a hundred waited {} or longer.",
            settings.size,
            span(evidence.wait_p99)
        ));
    }
    if waits && evidence.use_mean >= LONG_USE {
        return Some(format!(
            "Give connections back sooner rather than adding more: {why}, and one caller in a hundred waited {} or \
             longer although {capacity} may be open.",
            span(evidence.wait_p99)
        ));
    }
    let idle = !waits && fits.saturating_mul(3) <= settings.size && evidence.window >= LONG;
    idle.then(|| format!("STEADFAST_POOL_SIZE {fits} would do instead of {}: {why}.", settings.size))
}

/// What is opened beyond `size` for a burst should not be needed all the time.
fn overflow(evidence: &Evidence) -> Option<String> {
    let settings = &evidence.settings;
    if !has_enough(evidence)
        || settings.max_overflow == 0
        || fitting_size(evidence) > settings.size && evidence.waited > 0
    {
        return None;
    }
    (evidence.beyond_size >= 0.5).then(|| {
        format!(
            "Move {} of the overflow of {} into STEADFAST_POOL_SIZE: more than {} connections were needed at {:.0} % of all \
             moments, so it is no burst.",
            settings.max_overflow.div_ceil(2),
            settings.max_overflow,
            settings.size,
            evidence.beyond_size * 100.0
        )
    })
}

/// A deadline near the usual round trip ends good connections; a ping that never finds anything costs a round trip.
fn ping(evidence: &Evidence) -> Option<String> {
    let settings = &evidence.settings;
    if evidence.pings < ENOUGH_PINGS {
        return None;
    }
    if evidence.ping_p99 * 2 > settings.ping_timeout {
        let fits = (evidence.ping_p99 * 4).as_millis();
        return Some(format!(
            "Raise STEADFAST_POOL_PING_TIMEOUT from {} to {fits} ms: one of a hundred of {} pings took {} or longer, so good \
             connections are in danger of being taken for dead.",
            span(settings.ping_timeout),
            evidence.pings,
            span(evidence.ping_p99)
        ));
    }
    let always = settings.pre_ping == Some(Duration::ZERO);
    (always && evidence.pings_failed == 0).then(|| {
        format!(
            "Set STEADFAST_POOL_PRE_PING to 1s: all of {} pings were answered, each at the price of a round trip, and a \
             connection that its server has closed is known without one.",
            evidence.pings
        )
    })
}

fn has_enough(evidence: &Evidence) -> bool {
    evidence.window >= SHORTEST && evidence.acquired >= ENOUGH_CALLERS && !evidence.outage
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number of connections"
)]
fn fitting_size(evidence: &Evidence) -> u64 {
    let in_use = evidence.in_use();
    ((in_use + 2.0 * in_use.sqrt()).ceil() as u64).max(1)
}

/// A duration for people.
fn span(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 1.0 {
        format!("{seconds:.1} s")
    } else if seconds >= 0.01 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{:.2} ms", seconds * 1e3)
    }
}

/// Less than this says nothing about a load.
const SHORTEST: Duration = Duration::from_secs(60);
/// To call something too large, a quiet minute is not enough.
const LONG: Duration = Duration::from_secs(600);
const ENOUGH_CALLERS: u64 = 300;
const ENOUGH_DEATHS: usize = 3;
const ENOUGH_PINGS: u64 = 200;
/// Waits that a person who waits for a page would notice in the sum.
const NOTICEABLE: Duration = Duration::from_millis(10);
/// Whoever keeps a connection this long does something else meanwhile.
const LONG_USE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
