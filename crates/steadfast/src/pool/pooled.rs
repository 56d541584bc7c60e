//! A connection as it goes through the pool.

use std::ops::{Deref, DerefMut};

use super::lanes::Lane;
use super::pockets::Round;
use super::state::{Borrower, SlotId};
use crate::connector::Connector;
use crate::error::Fault;
use crate::process::Incarnation;
use crate::time::Instant;

/// Connections are boxed, so that they move between machine, tasks, pockets and leases as one pointer.
pub(super) type Boxed<C> = Box<Pooled<C>>;

/// A connection, and what is noted on it. It shares no line of the cache with another one, which another thread may have.
#[repr(align(64))]
pub(super) struct Pooled<C: Connector> {
    pub(super) connection: C::Connection,
    pub(super) id: SlotId,
    /// The process that opened it.
    pub(super) process: Incarnation,
    /// To whom the machine has lent it.
    pub(super) borrower: Borrower,
    /// When it did.
    pub(super) round: Round,
    /// Where it goes back; `None` as long as no caller has it.
    pub(super) lane: Option<Lane<C>>,
    /// When the caller got it; `None` as long as nobody measures.
    pub(super) lent: Option<Instant>,
    /// Why its caller says that it is of no use.
    pub(super) condemned: Option<Fault>,
}

impl<C: Connector> Pooled<C> {
    /// Just opened.
    pub(super) fn new(connection: C::Connection, id: SlotId, process: Incarnation) -> Boxed<C> {
        let (borrower, round) = (Borrower::default(), Round::SHUT);
        Box::new(Self { connection, id, process, borrower, round, lane: None, lent: None, condemned: None })
    }

    /// Lent by the machine.
    #[inline]
    pub(super) fn to(mut self: Box<Self>, borrower: Borrower, round: Round) -> Boxed<C> {
        (self.borrower, self.round) = (borrower, round);
        self
    }
}

impl<C: Connector> Deref for Pooled<C> {
    type Target = C::Connection;

    #[inline]
    fn deref(&self) -> &C::Connection {
        &self.connection
    }
}

impl<C: Connector> DerefMut for Pooled<C> {
    #[inline]
    fn deref_mut(&mut self) -> &mut C::Connection {
        &mut self.connection
    }
}
