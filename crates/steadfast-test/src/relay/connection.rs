//! One connection through the relay, as a test sees it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::cut::Cut;
use super::fault::Ending;
use super::link::Link;

/// One connection through a [`Relay`](super::Relay): what holds for all can be done to it alone.
///
/// On a connection that has ended meanwhile everything here does nothing.
#[derive(Clone)]
pub struct Connection(pub(super) Arc<Link>);

impl Connection {
    /// The address of the client, as its own socket knows it.
    #[must_use]
    pub fn client(&self) -> SocketAddr {
        self.0.client()
    }

    /// The relay's own address towards the server, once it is connected: what the server takes for the client
    /// (`client_port` in `pg_stat_activity`).
    #[must_use]
    pub fn towards_server(&self) -> Option<SocketAddr> {
        self.0.towards_server()
    }

    /// Ends it, and returns when that is done.
    pub async fn cut(&self, ending: Ending) {
        self.0.end(ending).await;
    }

    /// Makes it silent for good.
    pub fn silence(&self) {
        self.0.silence();
    }

    /// Holds back everything on it.
    pub fn stall(&self) {
        self.0.stall(true);
    }

    /// Delivers what [`stall`](Self::stall) holds back.
    pub fn resume(&self) {
        self.0.stall(false);
    }

    /// Arms a cut for this connection only.
    pub fn arm(&self, cut: Cut) {
        self.0.shared().armed.add(cut.only_on(self.0.number()));
    }

    /// As [`Relay::set_latency`](super::Relay::set_latency), for this connection; in place of what holds for all.
    pub fn set_latency(&self, each_way: Duration, jitter: Duration) {
        self.0.change(|own| own.latency = Some((each_way, jitter)));
    }

    /// As [`Relay::set_bandwidth`](super::Relay::set_bandwidth), for this connection; in place of what holds for all.
    pub fn set_bandwidth(&self, bytes_per_second: Option<u64>) {
        self.0.change(|own| own.bandwidth = Some(bytes_per_second));
    }

    /// As [`Relay::set_idle_limit`](super::Relay::set_idle_limit), for this connection; in place of what holds for all.
    pub fn set_idle_limit(&self, limit: Option<(Duration, Ending)>) {
        self.0.change(|own| own.idle = Some(limit));
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("client", &self.client())
            .field("towards_server", &self.towards_server())
            .finish_non_exhaustive()
    }
}
