//! The owner's view of a pool.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use super::acquire::{self, Patience};
use super::keeper;
use super::lanes::{Lane, lanes};
use super::lease::Lease;
use super::shared::Shared;
use super::status::{SlotStatus, Status};
use super::{warm_up, watch};
use crate::by_thread::ByThread;
use crate::config::PoolOptions;
use crate::connector::Connector;
use crate::error::{AcquireError, ConfigError, Fault};
use crate::event::Observer;
use crate::time::{Instant, timeout_at};

/// A pool of connections. Cheap to clone; the clones share one pool, which ends with the last of them.
pub struct Pool<C: Connector> {
    shared: Arc<Shared<C>>,
    lanes: Arc<ByThread<Lane<C>>>,
}

impl<C: Connector> Pool<C> {
    /// A pool with these options. Nothing is opened until somebody asks, or `min_idle` does.
    ///
    /// # Errors
    /// Names the option that makes no sense.
    ///
    /// # Panics
    /// When called outside a tokio runtime.
    pub fn new(connector: C, options: PoolOptions) -> Result<Self, ConfigError> {
        Self::builder(connector).options(options).build()
    }

    /// A pool with the default options and no observer, to be changed before it is built.
    #[must_use]
    pub fn builder(connector: C) -> PoolBuilder<C> {
        PoolBuilder { connector, options: PoolOptions::default(), observers: Vec::new() }
    }

    /// A connection, within `acquire_timeout`.
    ///
    /// # Errors
    /// When there was none in time, too many wait already, the pool is closed, or connecting fails for good.
    /// The error says what the pool was doing and why connecting fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses the place in the queue and nothing else.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<Lease<C>, AcquireError>> + Send + '_ {
        acquire::acquire(
            &self.shared,
            &self.lanes,
            Patience::For(self.shared.options.acquire_timeout),
            Location::caller(),
        )
    }

    /// A connection, no later than this.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    #[track_caller]
    pub fn acquire_until(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<Lease<C>, AcquireError>> + Send + '_ {
        acquire::acquire(&self.shared, &self.lanes, Patience::Until(deadline), Location::caller())
    }

    /// A connection if one is idle and fit for use right now and nobody waits.
    #[must_use]
    #[track_caller]
    pub fn try_acquire(&self) -> Option<Lease<C>> {
        if !self.shared.is_own_process() {
            return None;
        }
        let mut lease = acquire::at_once(&self.shared, &self.lanes, Location::caller())?;
        lease.measure(None);
        Some(lease)
    }

    /// Opens connections until this many are there, but no more than `size`. Takes none from anybody: callers are
    /// served meanwhile.
    ///
    /// # Errors
    /// When they are not there by the deadline, connecting fails for good, or the pool is closed.
    ///
    /// # Cancel safety
    /// What is open stays open.
    pub async fn warm_up(&self, connections: usize, deadline: Instant) -> Result<(), AcquireError> {
        warm_up::warm_up(&self.shared, connections, deadline).await
    }

    /// Makes everything suspect that is open now: idle connections are verified at once, leased ones on
    /// return, and good ones are kept. For whoever has seen a fault that the pool has not.
    pub fn suspect(&self, fault: &Fault) {
        if self.shared.belongs_here() {
            self.shared.update(|state, now, out| state.distrust(Some(fault), now, out));
        }
    }

    /// Closes everything that is open now: idle connections at once, leased ones on return. Until then they count.
    pub fn dispose(&self) {
        if self.shared.belongs_here() {
            self.shared.update(|state, now, out| state.dispose(now, out));
        }
    }

    /// Changes how many connections there may be. Surplus ones go when they are idle.
    ///
    /// # Errors
    /// When no connection would be left.
    pub fn resize(&self, size: usize, max_overflow: usize) -> Result<(), ConfigError> {
        let options = PoolOptions { size, max_overflow, min_idle: 0, ..self.shared.options.clone() };
        options.validate()?;
        if self.shared.belongs_here() {
            self.shared.update(|state, now, out| state.resize(size, max_overflow, now, out));
        }
        Ok(())
    }

    /// Serves nobody any more, and waits until all connections have come back and are closed. Gives how many
    /// had not by the deadline; they are closed when they come back.
    ///
    /// # Cancel safety
    /// The pool stays closed; call it again to go on waiting.
    pub async fn close(&self, deadline: Instant) -> usize {
        if !self.shared.belongs_here() {
            // A fork in which a lock of the pool is held for ever: nothing in there is this process's own.
            return 0;
        }
        self.shared.update(|state, now, out| state.close(now, out));
        let finished = async {
            loop {
                let changed = self.shared.changed.notified();
                let mut changed = std::pin::pin!(changed);
                changed.as_mut().enable();
                if self.shared.look(|state, _| state.is_finished()) {
                    return;
                }
                changed.await;
            }
        };
        match timeout_at(deadline, finished).await {
            Ok(()) => 0,
            Err(_) => self.status().total(),
        }
    }

    /// As [`acquire_until`](Self::acquire_until), for whoever holds a connection and needs another to find out
    /// whether that one is of any use: such a wait is no sign of a leak.
    #[track_caller]
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only a path can go silent"))]
    pub(crate) fn acquire_aside(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<Lease<C>, AcquireError>> + Send + '_ {
        acquire::acquire(&self.shared, &self.lanes, Patience::Aside(deadline), Location::caller())
    }

    /// True for one caller in a while, and ever more seldom: it may give up the connection that it holds, so that
    /// there is one to learn with whether the others still lead anywhere.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "sqlite")),
        expect(dead_code, reason = "only a path can go silent")
    )]
    pub(crate) fn may_spare_one(&self) -> bool {
        self.shared.spare.turn(Instant::now())
    }

    /// What the pool looks like now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// Its slots, one by one, for whoever wants to draw them; vacant ones that were used before included.
    #[must_use]
    pub fn slots(&self) -> Vec<SlotStatus> {
        self.shared.look(|state, now| state.slots(now))
    }

    /// What the pool was made with.
    #[must_use]
    pub fn options(&self) -> &PoolOptions {
        &self.shared.options
    }

    /// What opens the pool's connections.
    #[must_use]
    pub fn connector(&self) -> &C {
        &self.shared.connector
    }
}

impl<C: Connector> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), lanes: Arc::clone(&self.lanes) }
    }
}

impl<C: Connector> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// A pool in the making.
#[derive(Debug)]
pub struct PoolBuilder<C> {
    connector: C,
    options: PoolOptions,
    observers: Vec<Arc<dyn Observer>>,
}

impl<C: Connector> PoolBuilder<C> {
    /// Sets the options.
    #[must_use]
    pub fn options(mut self, options: PoolOptions) -> Self {
        self.options = options;
        self
    }

    /// Adds somebody who is told of every event.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Makes the pool and starts its keeper.
    ///
    /// # Errors
    /// Names the option that makes no sense.
    ///
    /// # Panics
    /// When called outside a tokio runtime.
    pub fn build(self) -> Result<Pool<C>, ConfigError> {
        self.options.validate()?;
        let shared = Arc::new(Shared::new(self.connector, self.options, self.observers));
        keeper::start(&shared);
        watch::start(&shared);
        let lanes = lanes(&shared);
        Ok(Pool { shared, lanes })
    }
}
