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

/// What holds for one connection, in place of what holds for all.
#[derive(Debug, Default)]
pub(super) struct Own {
    pub(super) latency: Option<(Duration, Duration)>,
    pub(super) bandwidth: Option<Option<u64>>,
    pub(super) idle: Option<Option<(Duration, Ending)>>,
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

    /// The same with what holds for one connection alone.
    pub(super) fn with(mut self, own: &Own) -> Self {
        if let Some((latency, jitter)) = own.latency {
            (self.latency, self.jitter) = (latency, jitter);
        }
        self.bandwidth = own.bandwidth.unwrap_or(self.bandwidth);
        self.idle = own.idle.unwrap_or(self.idle);
        self
    }

    /// How long what was just read is under way.
    pub(super) fn delay(&self) -> Duration {
        self.latency + self.jitter.mul_f64(fastrand::f64())
    }
}
