//! The one source of time: tokio's, so that a test can pause it.

pub use std::time::Duration;
pub use tokio::time::Instant;
pub use tokio::time::error::Elapsed;

#[cfg(not(steadfast_model))]
pub mod kept;
#[cfg(not(steadfast_model))]
pub use tokio::time::{sleep, sleep_until, timeout, timeout_at};

#[cfg(steadfast_model)]
pub use self::model::{kept, sleep, sleep_until, timeout, timeout_at};

/// An instant so far away that waiting for it is waiting for ever (tokio's own notion of it: 30 years).
#[must_use]
pub fn far_future() -> Instant {
    Instant::now() + Duration::from_secs(86_400 * 365 * 30)
}

/// Timers that never fire, for a model of all that does not depend on them.
#[cfg(steadfast_model)]
mod model {
    use std::future::{Future, pending};

    use tokio::time::error::Elapsed;

    use super::{Duration, Instant};

    /// The same of those that a task keeps.
    pub mod kept {
        use super::{Future, Instant};

        /// The future without a bound.
        pub async fn timeout_at<F: Future>(_deadline: Instant, future: F) -> Option<F::Output> {
            Some(future.await)
        }
    }

    /// Never returns.
    pub async fn sleep(_duration: Duration) {
        pending().await
    }

    /// Never returns.
    pub async fn sleep_until(_deadline: Instant) {
        pending().await
    }

    /// The future without a bound.
    pub async fn timeout<F: Future>(_limit: Duration, future: F) -> Result<F::Output, Elapsed> {
        Ok(future.await)
    }

    /// The future without a bound.
    pub async fn timeout_at<F: Future>(_deadline: Instant, future: F) -> Result<F::Output, Elapsed> {
        Ok(future.await)
    }
}
