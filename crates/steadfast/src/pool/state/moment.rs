//! Time as the state machine knows it: milliseconds since the pool was made.

use crate::time::Duration;

/// A point in the pool's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(u64);

impl Moment {
    /// When the pool was made.
    #[cfg(test)]
    pub(crate) const START: Self = Self(0);
    /// Later than everything.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// So long after the pool was made.
    pub(crate) fn at(since_start: Duration) -> Self {
        Self(millis(since_start))
    }

    /// This much later; [`Moment::NEVER`] stays what it is.
    pub(crate) fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// Time passed since an earlier moment; zero when it was not earlier.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The same as a duration since the pool was made.
    pub(crate) const fn since_start(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
