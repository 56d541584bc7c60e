//! What a test holds of a relay.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};

use super::connection::Connection;
use super::counters::Counters;
use super::cut::Cut;
use super::door::{Turn, keep};
use super::fault::{Direction, Ending, Fault};
use super::registry::Shared;
use super::weather::Weather;
use crate::error::{Error, must};
use crate::port::ReservedPort;
use crate::postgres::Postgres;

/// A TCP relay in front of any address, for any protocol; PostgreSQL's messages it understands.
///
/// It runs on a thread of its own: a test that blocks its runtime, or pauses its clock, does not change what
/// the relay does. It listens on 127.0.0.1, on a port that stays the same. Dropping it closes everything.
///
/// Faults are set at run time and hold for connections that are open already where that makes sense. What a
/// relay in user space cannot do: leave a connect unanswered, or leave bytes unacknowledged before buffers are
/// full.
#[derive(Debug)]
pub struct Relay {
    shared: Arc<Shared>,
    port: ReservedPort,
    turns: mpsc::Sender<Turn>,
    /// There until dropped.
    runtime: Option<Runtime>,
}

impl Relay {
    /// A relay to `target` that accepts connections when this returns. `target` need not be there yet.
    ///
    /// # Panics
    /// When there is no free port or no thread to be had.
    pub async fn to(target: SocketAddr) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("relay")
            .enable_all()
            .build()
            .map_err(|cause| Error::system("starting the relay's thread", cause));
        let runtime = must(runtime);
        let port = must(ReservedPort::choose());
        let shared = Arc::new(Shared::new(Weather::fair(target)));
        let (turns, orders) = mpsc::channel(1);
        let _detached = runtime.spawn(keep(Arc::clone(&shared), port.address(), orders));
        let relay = Self { shared, port, turns, runtime: Some(runtime) };
        relay.set(Fault::None).await;
        relay
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.port.address()
    }

    /// The port it listens on, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The server's URL, by way of this relay.
    #[must_use]
    pub fn url_from(&self, postgres: &Postgres) -> String {
        postgres.url_at(self.addr())
    }

    /// Makes the path good or bad; what held before is over. In force when this returns.
    ///
    /// # Panics
    /// When the port was taken by somebody else while it was closed.
    pub async fn set(&self, fault: Fault) {
        self.shared.weather.send_modify(|weather| weather.fault = fault);
        let (done, answer) = oneshot::channel();
        let turn = Turn { open: fault != Fault::Refuse, done };
        let stopped = || Error::new("bug: the relay's thread has ended");
        if self.turns.send(turn).await.is_err() {
            must(Err(stopped()))
        }
        must(answer.await.unwrap_or_else(|_dropped| Err(stopped())));
    }

    /// Sends new connections to another server, as an address does that moves in a failover.
    pub fn redirect_to(&self, target: SocketAddr) {
        self.shared.weather.send_modify(|weather| weather.target = target);
    }

    /// Makes the path longer: `each_way` for every byte, and up to `jitter` more at random. Bytes never
    /// overtake each other. Connects are as fast as before. Exact to about a millisecond.
    pub fn set_latency(&self, each_way: Duration, jitter: Duration) {
        self.shared.weather.send_modify(|weather| (weather.latency, weather.jitter) = (each_way, jitter));
    }

    /// Makes the path narrower: so many bytes a second each way on each connection. `None`: as wide as it is.
    pub fn set_bandwidth(&self, bytes_per_second: Option<u64>) {
        self.shared.weather.send_modify(|weather| weather.bandwidth = bytes_per_second);
    }

    /// Ends connections on which no byte has come for so long, open ones and new ones. `None`: never.
    pub fn set_idle_limit(&self, limit: Option<(Duration, Ending)>) {
        self.shared.weather.send_modify(|weather| weather.idle = limit);
    }

    /// The connections that are open, in the order in which they were accepted.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection> {
        self.shared.links().into_iter().map(Connection).collect()
    }

    /// Ends all connections that are open, silent ones and ghosts as well, and returns how many when it is
    /// done.
    pub async fn cut_all(&self, ending: Ending) -> usize {
        let links = self.shared.links();
        for link in &links {
            link.end(ending).await;
        }
        links.len()
    }

    /// Makes the connections that are open silent for good; new ones work. What a NAT entry that expires
    /// does. Returns how many.
    pub fn silence_existing(&self) -> usize {
        let links = self.shared.links();
        links.iter().for_each(|link| link.silence());
        links.len()
    }

    /// Holds back everything on the connections that are open; new ones work. Returns how many.
    pub fn stall_existing(&self) -> usize {
        let links = self.shared.links();
        links.iter().for_each(|link| link.stall(true));
        links.len()
    }

    /// Delivers what [`stall_existing`](Self::stall_existing) holds back.
    pub fn resume_existing(&self) {
        self.shared.links().iter().for_each(|link| link.stall(false));
    }

    /// Arms a cut, for open connections and new ones. Several may be armed at once.
    pub fn arm(&self, cut: Cut) {
        self.shared.armed.add(cut);
    }

    /// Forgets all armed cuts.
    pub fn disarm_all(&self) {
        self.shared.armed.clear();
    }

    /// What has come by until now.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.tally.read()
    }

    /// How many PostgreSQL messages with this tag have come by. Those without a tag, at start-up, count under 0.
    #[must_use]
    pub fn messages(&self, direction: Direction, tag: u8) -> u64 {
        self.shared.tally.messages(direction, Some(tag))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Not the plain drop: that waits, which is forbidden inside a runtime.
            runtime.shutdown_background();
        }
    }
}
