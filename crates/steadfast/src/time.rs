//! The one source of time: tokio's, so that a test can pause it.

pub use std::time::Duration;
pub use tokio::time::error::Elapsed;
pub use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

/// An instant so far away that waiting for it is waiting for ever (tokio's own notion of it: 30 years).
#[must_use]
pub fn far_future() -> Instant {
    Instant::now() + Duration::from_secs(86_400 * 365 * 30)
}
