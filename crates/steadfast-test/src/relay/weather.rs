//! What holds for the whole relay at a time.

use std::net::SocketAddr;
use std::time::Duration;

use super::fault::{Ending, Fault};

/// Read by every connection, changed by the handle; a watch channel tells of changes.
#[derive(Debug, Clone)]
pub(super) struct Weather {
    pub(super) fault: Fault,
    /// Where new connections go.
    pub(super) target: SocketAddr,
    /// Added to each way.
    pub(super) latency: Duration,
    /// Up to so much is added to the latency, at random; bytes never overtake each other.
    pub(super) jitter: Duration,
    /// Bytes per second, for each way of each connection.
    pub(super) bandwidth: Option<u64>,
    /// How connections end on which nothing has come for so long.
    pub(super) idle: Option<(Duration, Ending)>,
}

impl Weather {
    pub(super) fn fair(target: SocketAddr) -> Self {
        Self {
            fault: Fault::None,
            target,
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            bandwidth: None,
            idle: None,
        }
    }

    /// How long what was just read is under way.
    pub(super) fn delay(&self) -> Duration {
        self.latency + self.jitter.mul_f64(fastrand::f64())
    }
}
