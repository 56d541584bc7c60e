//! What a connection must do so that sessions and transactions can be built on it.

use std::future::Future;

use crate::error::Fault;
use crate::outcome::Ticket;
use crate::sql::{Row, Value};

/// A connection that understands SQL with `$1` parameters.
///
/// What stands here holds for every connector; one suite of tests is run against each.
///
/// # Transactions
/// - A call that gives a fault inside a transaction fails the transaction, whether the server refused it or this
///   library did (a parameter of the wrong type, a column that cannot be read). Every further statement is
///   refused with [`Class::RolledBack`](crate::verdict::Class::RolledBack) and the code `25P02`, and
///   [`commit`](Self::commit) rolls back. Only `ROLLBACK TO` a savepoint set before the failure leads back.
///   `begin` and `read` inside a transaction are refused without harm to it.
/// - Transactions are begun and ended by the functions here. `BEGIN`, `COMMIT`, `ROLLBACK` and their like are
///   refused as statements inside one, and in a batch of several statements; savepoints are not.
/// - A batch outside a transaction is applied wholly or not at all.
/// - A read-only transaction and [`read`](Self::read) refuse writes with
///   [`Class::Statement`](crate::verdict::Class::Statement), on whatever server: that says nothing about it.
///
/// # Cancel safety
/// Every future may be dropped at any await: the connection then reports
/// [`Condition::Dirty`](crate::connector::Condition::Dirty) and is cleaned by the pool. It may also be used
/// on: the next call ends what still runs (by a cancel request or an interrupt) and does not wait for it to
/// finish. A transaction in which this happened can only be rolled back, not even to a savepoint. A `commit`
/// that was dropped is waited for instead: it may have been applied.
///
/// A connection that is dropped rolls back what was open, and what still runs is cancelled in the background
/// where there is a runtime to do so.
pub trait SqlConnection: Send {
    /// Notes that a transaction begins with the next statement. Nothing need be sent before that statement:
    /// a connector that can, sends both in one packet.
    fn begin(&mut self, options: TransactionOptions) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Runs a statement and gives the number of rows that it affected.
    fn execute(&mut self, sql: &str, params: &[Value]) -> impl Future<Output = Result<u64, Fault>> + Send;

    /// Runs a statement and gives its rows.
    fn query(&mut self, sql: &str, params: &[Value]) -> impl Future<Output = Result<Vec<Row>, Fault>> + Send;

    /// Runs one reading statement in a transaction of its own that the server itself keeps read-only.
    fn read(&mut self, sql: &str, params: &[Value]) -> impl Future<Output = Result<Vec<Row>, Fault>> + Send;

    /// Runs several statements without parameters, separated by semicolons.
    fn batch(&mut self, sql: &str) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Commits. `Ok` means committed and acknowledged as such. A fault with the verdict
    /// [`OutcomeUnknown`](crate::Verdict::OutcomeUnknown) means that COMMIT may have been applied; every
    /// other fault means that nothing was. A transaction in which no statement was run needs no round trip,
    /// and without a transaction it does nothing.
    fn commit(&mut self) -> impl Future<Output = Result<(), Fault>> + Send;

    /// With what the outcome of the open transaction can be asked for, should its connection be lost during COMMIT.
    /// `None` as long as nothing is known to have been changed in it, and where there is no such thing.
    fn ticket(&self) -> Option<Ticket>;

    /// Rolls back. Without an open transaction it does nothing.
    fn rollback(&mut self) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// How a transaction is to run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionOptions {
    /// Isolation level; the server's default when `None`. SQLite is always serializable.
    pub isolation: Option<Isolation>,
    /// Whether the transaction may write; default yes.
    pub access: Access,
    /// PostgreSQL: wait for a snapshot that cannot fail (serializable and read-only transactions).
    pub deferrable: bool,
    /// How it is found out what became of the transaction when the answer to COMMIT is lost.
    pub guard: Guard,
    /// How often the work may be run again; `None`: until the deadline, twenty times at most. 0 for work with an
    /// effect outside the database that must not happen twice.
    pub max_retries: Option<u32>,
}

impl TransactionOptions {
    /// A transaction that may not write.
    #[must_use]
    pub const fn read_only() -> Self {
        Self { access: Access::ReadOnly, ..Self::read_write() }
    }

    /// A transaction that may write: the default, for constants.
    #[must_use]
    pub const fn read_write() -> Self {
        Self {
            isolation: None,
            access: Access::ReadWrite,
            deferrable: false,
            guard: Guard::Xid,
            max_retries: None,
        }
    }

    /// The same at another isolation level.
    #[must_use]
    pub const fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = Some(isolation);
        self
    }

    /// The same, waiting for a snapshot that cannot fail.
    #[must_use]
    pub const fn deferrable(mut self) -> Self {
        self.deferrable = true;
        self
    }

    /// The same with another guard.
    #[must_use]
    pub const fn guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    /// The same, run again at most so often.
    #[must_use]
    pub const fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    /// The same, never run again: for work with an effect outside the database (a message sent, a card charged).
    #[must_use]
    pub const fn once(self) -> Self {
        self.max_retries(0)
    }
}

/// How it is found out what became of a transaction whose COMMIT was sent and not answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Guard {
    /// By the transaction's id, which is asked for in the same packet as its first change: no round trip more. The
    /// outcome stays unknown when the server has crashed or failed over since. SQLite needs no guard: its COMMIT is a
    /// function call.
    #[default]
    Xid,
    /// By a row in the table `steadfast_outcome`, stored in the same packet as COMMIT. Certain across any number of
    /// crashes and failovers and through any pooler, for one small row a transaction. The table is made by
    /// [`Database::prepare_outcomes`](crate::Database::prepare_outcomes).
    Marker,
    /// Not at all: a lost answer leaves the outcome unknown.
    Off,
}

/// Isolation levels that PostgreSQL implements (its READ UNCOMMITTED is READ COMMITTED).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// Each statement sees what was committed before it.
    ReadCommitted,
    /// All statements see what was committed before the first.
    RepeatableRead,
    /// As if one transaction ran after the other.
    Serializable,
}

/// Whether a transaction may write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// It may. SQLite takes its write lock at the start.
    #[default]
    ReadWrite,
    /// The server refuses writes, so the work may be repeated at will.
    ReadOnly,
}
