//! A connection in a caller's hands.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::lanes::Lane;
use super::pooled::Boxed;
use super::shared::Shared;
use super::state::Found;
use crate::connector::Connector;
use crate::error::Fault;
use crate::event::Measurement;
use crate::time::{Duration, Instant};

/// A connection, given back when this is dropped.
///
/// What comes back in the middle of something (a transaction, a request whose future was dropped) is cleaned
/// by the pool before anybody else gets it. Dropping never blocks, does no I/O, and works outside a runtime.
pub struct Lease<C: Connector> {
    /// `None` only once it was given back.
    connection: Option<Boxed<C>>,
}

impl<C: Connector> Lease<C> {
    #[inline]
    pub(super) fn new(lane: &Lane<C>, mut connection: Boxed<C>) -> Self {
        connection.lane = Some(Arc::clone(lane));
        Self { connection: Some(connection) }
    }

    /// Tells those who measure that it was lent, after a wait since then. When nobody measures no clock is read.
    #[inline]
    pub(super) fn measure(&mut self, since: Option<Instant>) {
        if self.shared().is_measured() {
            self.measure_loan(since);
        }
    }

    #[inline(never)]
    fn measure_loan(&mut self, since: Option<Instant>) {
        let now = Instant::now();
        let waited = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.shared().measure(&Measurement::Acquired { waited });
        self.boxed_mut().lent = Some(now);
    }

    /// Says that the connection proved useless in a way which the pool cannot see: it is closed on return, and
    /// all of its age become suspect when the fault is of a kind that may have hit them too.
    pub fn condemn(&mut self, fault: Fault) {
        self.boxed_mut().condemned = Some(fault);
    }

    /// Closes the connection instead of giving it back; its place is free for a new one.
    pub fn discard(mut self) {
        if let Some((lane, connection)) = self.end() {
            let id = connection.id;
            lane.update(|state, now, out| state.discard(id, connection, now, out));
        }
    }

    /// Takes the connection out, if there is one that is this process's own.
    #[inline]
    fn end(&mut self) -> Option<(Lane<C>, Boxed<C>)> {
        let mut connection = self.connection.take()?;
        let lane = connection.lane.take()?;
        if !connection.process.is_current() {
            lane.connector.abandon(connection.connection);
            return None;
        }
        if let Some(lent) = connection.lent.take() {
            lane.measure(&Measurement::Returned { used: lent.elapsed() });
        }
        Some((lane, connection))
    }

    /// What is known about the connection without asking: false when it is lost or in the middle of something.
    #[inline]
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.shared().inspect(self.boxed()), Found::Ready)
    }

    fn shared(&self) -> &Arc<Shared<C>> {
        match &self.boxed().lane {
            Some(lane) => lane,
            None => bug(),
        }
    }

    fn boxed(&self) -> &Boxed<C> {
        match &self.connection {
            Some(connection) => connection,
            None => bug(),
        }
    }

    fn boxed_mut(&mut self) -> &mut Boxed<C> {
        match &mut self.connection {
            Some(connection) => connection,
            None => bug(),
        }
    }
}

impl<C: Connector> Deref for Lease<C> {
    type Target = C::Connection;

    fn deref(&self) -> &C::Connection {
        self.boxed()
    }
}

impl<C: Connector> DerefMut for Lease<C> {
    fn deref_mut(&mut self) -> &mut C::Connection {
        self.boxed_mut()
    }
}

impl<C: Connector> Drop for Lease<C> {
    fn drop(&mut self) {
        if let Some((lane, connection)) = self.end() {
            lane.give_back(connection);
        }
    }
}

impl<C: Connector> fmt::Debug for Lease<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("slot", &self.connection.as_ref().map(|connection| connection.id))
            .field("condemned", &self.connection.as_ref().map(|connection| &connection.condemned))
            .finish_non_exhaustive()
    }
}

#[expect(clippy::panic, reason = "only a mistake in this file leads here")]
fn bug() -> ! {
    panic!("bug: a lease was used after it had been given back")
}
