//! Exponential backoff: a finite or endless series of delays.

use crate::time::Duration;

/// Yields one delay after the other: `initial`, multiplied by `factor` each time, never above `cap`.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    factor: u32,
    cap: Duration,
    jitter: Jitter,
    left: Option<u32>,
}

/// Whether a delay is taken as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// As it is.
    None,
    /// Evenly spread between nothing and the delay, so that those who failed together do not return together
    /// ("full jitter": M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015).
    Full,
}

impl Backoff {
    /// A series that begins with `initial`, grows by `factor` up to `cap`, and ends after `tries` delays
    /// (`None`: never).
    #[must_use]
    pub const fn new(
        initial: Duration,
        factor: u32,
        cap: Duration,
        jitter: Jitter,
        tries: Option<u32>,
    ) -> Self {
        Self { next: initial, factor, cap, jitter, left: tries }
    }

    /// For a program that starts before its database: 2, 4, 8, 16 and 32 s, 62 s in all. Never for work that
    /// somebody waits for.
    #[must_use]
    pub const fn startup() -> Self {
        Self::new(Duration::from_secs(2), 2, Duration::from_secs(32), Jitter::None, Some(5))
    }

    /// For work that was hit by a lost connection or a conflict while somebody waits: 10 ms doubling to 500 ms,
    /// with full jitter. The deadline of the work ends it; twenty tries do so at the latest.
    #[must_use]
    pub const fn replay() -> Self {
        Self::new(Duration::from_millis(10), 2, Duration::from_millis(500), Jitter::Full, Some(20))
    }

    /// For a background task that must succeed in the end: 100 ms doubling to 1 s with full jitter, for ever.
    #[must_use]
    pub const fn reconnect() -> Self {
        Self::new(Duration::from_millis(100), 2, Duration::from_secs(1), Jitter::Full, None)
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1)?;
        }
        let delay = self.next.min(self.cap);
        self.next = delay.saturating_mul(self.factor);
        Some(match self.jitter {
            Jitter::None => delay,
            Jitter::Full => delay.mul_f64(fastrand::f64()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn startup_waits_62_seconds_in_five_steps() {
        let delays: Vec<u64> = Backoff::startup().map(|delay| delay.as_secs()).collect();
        assert_eq!(delays, [2, 4, 8, 16, 32]);
        assert_eq!(delays.iter().sum::<u64>(), 62);
    }

    #[test]
    fn full_jitter_stays_within_the_delay_and_the_cap() {
        for (delay, bound) in Backoff::reconnect().zip([100, 200, 400, 800, 1000, 1000]).take(6) {
            assert!(delay <= Duration::from_millis(bound), "{delay:?} above {bound} ms");
        }
    }

    #[test]
    fn an_endless_series_does_not_overflow() {
        assert!(Backoff::reconnect().nth(10_000).is_some());
    }
}
