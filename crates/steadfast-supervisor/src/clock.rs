//! The one source of time: the system's monotonic clock. There is no runtime here whose time could be paused; what
//! decides takes the time as an argument instead.

pub(crate) use std::time::Duration;

/// A moment.
#[expect(
    clippy::disallowed_types,
    reason = "no runtime here, and the decisions take the time as an argument"
)]
pub(crate) type Instant = std::time::Instant;

/// Now.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Seconds since 1970, for people who compare logs.
pub(crate) fn unix_seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}
