//! The seam between the pool and a database: how to open, verify, clean and close one connection.
//!
//! A connector knows its protocol and never the pool; the pool knows the life cycle and never the protocol.
//! Nothing here speaks of SQL, so that a connection may as well be a raw protocol stream.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::error::Fault;

/// Opens connections of one kind and looks after them.
///
/// Every future may be dropped at any await; the pool then treats the connection as lost. The pool bounds
/// each call by a deadline of its own (`connect_timeout`, `ping_timeout`, `close_timeout`).
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// An open connection.
    type Connection: Send + 'static;

    /// Opens a connection, ready for its first request. `alarm` is rung whenever [`inspect`](Self::inspect)
    /// may have something new to say while nobody is using the connection.
    fn connect(&self, alarm: Alarm) -> impl Future<Output = Result<Self::Connection, Fault>> + Send;

    /// Proves with one round trip that the peer still answers. Called only when [`inspect`](Self::inspect)
    /// says [`Condition::Ready`].
    fn ping(&self, connection: &mut Self::Connection) -> impl Future<Output = Result<(), Fault>> + Send;

    /// What is known about the connection without asking anybody. Called on every checkout and return under
    /// the pool's lock: a few loads, no I/O, no allocation in the usual case.
    fn inspect(&self, connection: &Self::Connection) -> Condition;

    /// Makes a [`Condition::Dirty`] connection as good as new: ends requests that still run, rolls back,
    /// resets settings. An error means that the connection must be closed.
    fn clean(&self, connection: &mut Self::Connection) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Says goodbye properly, when there is somebody to say it to.
    fn close(&self, connection: Self::Connection) -> impl Future<Output = ()> + Send;

    /// Forgets a connection that belongs to another process (this one is a fork of it): not a byte is
    /// written, nothing is shut down. The descriptor may leak; it is the parent's connection.
    fn abandon(&self, connection: Self::Connection) {
        std::mem::forget(connection);
    }
}

/// What [`Connector::inspect`] found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Condition {
    /// Idle at the protocol level and in its initial state.
    Ready,
    /// Alive as far as known, but a request is running, a transaction is open or settings were changed.
    Dirty,
    /// Ended, with the reason.
    Lost(Fault),
}

/// Rung by a connector when the state of an idle connection changed behind the pool's back.
#[derive(Clone)]
pub struct Alarm(Arc<dyn Fn() + Send + Sync>);

impl Alarm {
    /// An alarm that calls this function. It runs in the connector's own task and must not block.
    pub fn new(ring: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(ring))
    }

    /// An alarm that nobody hears.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(|| ())
    }

    /// Tells the owner of the connection to inspect it.
    pub fn ring(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alarm")
    }
}
