//! A connection in a caller's hands.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::shared::{Boxed, Shared};
use super::state::{Found, SlotId};
use crate::connector::Connector;
use crate::error::Fault;
use crate::event::Measurement;
use crate::process::Incarnation;
use crate::time::{Duration, Instant};

/// A connection, given back when this is dropped.
///
/// What comes back in the middle of something (a transaction, a request whose future was dropped) is cleaned
/// by the pool before anybody else gets it. Dropping never blocks, does no I/O, and works outside a runtime.
pub struct Lease<C: Connector> {
    shared: Arc<Shared<C>>,
    id: SlotId,
    /// `None` only once it was given back.
    connection: Option<Boxed<C>>,
    condemned: Option<Fault>,
    process: Incarnation,
    /// When it was lent; `None` as long as nobody measures.
    lent: Option<Instant>,
}

impl<C: Connector> Lease<C> {
    #[inline]
    pub(super) fn new(shared: &Arc<Shared<C>>, id: SlotId, connection: Boxed<C>) -> Self {
        Self {
            shared: Arc::clone(shared),
            id,
            connection: Some(connection),
            condemned: None,
            process: shared.process(),
            lent: None,
        }
    }

    /// Tells those who measure that it was lent, after a wait since then. When nobody measures no clock is read.
    #[inline]
    pub(super) fn measure(&mut self, since: Option<Instant>) {
        if self.shared.is_measured() {
            self.measure_loan(since);
        }
    }

    #[inline(never)]
    fn measure_loan(&mut self, since: Option<Instant>) {
        let now = Instant::now();
        let waited = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.shared.measure(&Measurement::Acquired { waited });
        self.lent = Some(now);
    }

    /// Says that the connection proved useless in a way which the pool cannot see: it is closed on return, and
    /// all of its age become suspect when the fault is of a kind that may have hit them too.
    pub fn condemn(&mut self, fault: Fault) {
        self.condemned = Some(fault);
    }

    /// Closes the connection instead of giving it back; its place is free for a new one.
    pub fn discard(mut self) {
        if let Some(connection) = self.connection.take() {
            if self.process.is_current() {
                self.measure_return();
                let id = self.id;
                self.shared.update(|state, now, out| state.discard(id, connection, now, out));
            } else {
                self.shared.connector.abandon(*connection);
            }
        }
    }

    fn measure_return(&mut self) {
        if let Some(lent) = self.lent.take() {
            self.shared.measure(&Measurement::Returned { used: lent.elapsed() });
        }
    }

    /// What is known about the connection without asking: false when it is lost or in the middle of something.
    #[inline]
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.shared.inspect(self.boxed()), Found::Ready)
    }

    fn boxed(&self) -> &Boxed<C> {
        match &self.connection {
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
        match &mut self.connection {
            Some(connection) => connection,
            None => bug(),
        }
    }
}

impl<C: Connector> Drop for Lease<C> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        if !self.process.is_current() {
            self.shared.connector.abandon(*connection);
            return;
        }
        self.measure_return();
        self.shared.give_back(self.id, connection, self.condemned.take());
    }
}

impl<C: Connector> fmt::Debug for Lease<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("slot", &self.id)
            .field("condemned", &self.condemned)
            .finish_non_exhaustive()
    }
}

#[expect(clippy::panic, reason = "only a mistake in this file leads here")]
fn bug() -> ! {
    panic!("bug: a lease was used after it had been given back")
}
