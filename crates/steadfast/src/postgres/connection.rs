//! An open connection.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use steadfast_wire::TransactionStatus;
use tokio_postgres::Client;

use crate::connector::Condition;
use crate::error::Fault;
use crate::verdict::{Class, Step};

use super::cache::StatementCache;
use super::cancel::Route;
use super::doorbell::Doorbell;
use super::driver::Driver;
use super::failed::Spoiled;
use super::fault;
use super::guard::Guarding;
use super::latch::Latch;
use super::line::{Failure, Line};
use super::observed::Observed;
use super::sqlstate::{Circumstances, Moment};
use super::standing;
use super::transaction::Progress;

/// An open connection to a PostgreSQL server.
///
/// What is done through the [`client`](Self::client) of `tokio-postgres` is seen as well: a transaction left open, a
/// request whose future was dropped, a setting that was changed make the connection
/// [`Dirty`](Condition::Dirty). A write that the server refuses because it takes none (SQLSTATE 25006), where one that
/// does is expected, makes it [`Lost`](Condition::Lost).
#[derive(Debug)]
pub struct PostgresConnection {
    pub(super) line: Line,
    /// The client of `tokio-postgres`, once somebody has asked for it.
    pub(super) client: OnceLock<Client>,
    pub(super) driver: Driver,
    pub(super) observed: Arc<Observed>,
    pub(super) bell: Arc<Doorbell>,
    pub(super) route: Arc<Route>,
    pub(super) server: Arc<ServerFacts>,
    pub(super) cache: StatementCache,
    /// Names of prepared statements that were given up here and not there.
    pub(super) closing: Vec<String>,
    pub(super) transaction: Progress,
    /// What is noted of the transaction, so that its outcome can be found out.
    pub(super) guarding: Guarding,
    /// How far reads can be kept read-only without a transaction block.
    pub(super) latch: Latch,
    /// Why the transaction can only be rolled back, where the server does not know.
    pub(super) spoiled: Option<Spoiled>,
    /// A call is running, or was dropped half-way.
    pub(super) in_call: bool,
    /// That client was lent out: requests may have been queued that no call here knows of.
    pub(super) lent: AtomicBool,
}

/// What is known about the server at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerFacts {
    /// Its version as it reports it (`15.4`); empty when a pooler reports none.
    pub version: String,
    /// The backend's process id; behind a pooler a number of the pooler's.
    pub process: u32,
    /// The host that was connected to, as configured, and its port.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The protocol version of TLS (`TLSv1.3`); `None` without TLS.
    pub tls: Option<String>,
}

/// Bytes and requests of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Bytes received, without what TLS adds.
    pub bytes_in: u64,
    /// Bytes sent, likewise.
    pub bytes_out: u64,
    /// Requests sent: each is answered by one ReadyForQuery.
    pub requests: u64,
}

impl PostgresConnection {
    /// The client of `tokio-postgres` on this connection, for everything that [`SqlConnection`](crate::sql::SqlConnection) does not
    /// offer. Any of its futures may be dropped at any await.
    #[must_use]
    pub fn client(&self) -> &Client {
        self.lent.store(true, Ordering::Release);
        let client = self.client.get_or_init(|| self.line.lend());
        if self.observed.standing().interrupt() {
            // Handed over by its first poll, in front of all that the caller will ask for.
            let _on_its_way = client.batch_execute(standing::LIFT).now_or_never();
        }
        client
    }

    /// What is known about the server.
    #[must_use]
    pub fn server(&self) -> &ServerFacts {
        &self.server
    }

    /// Whether the server is a standby, as it last reported unasked (14 and newer; `None` otherwise).
    #[must_use]
    pub fn in_hot_standby(&self) -> Option<bool> {
        self.observed.parameter("in_hot_standby").map(|value| value == "on")
    }

    /// Bytes and requests.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let (bytes_in, bytes_out) = self.observed.bytes();
        Traffic { bytes_in, bytes_out, requests: self.observed.sent() }
    }

    /// A few loads; see [`Connector::inspect`](crate::connector::Connector::inspect).
    pub(super) fn condition(&self) -> Condition {
        if self.observed.is_over() {
            return Condition::Lost(fault::lost(Step::Statement, &self.observed, self.circumstances()));
        }
        if let Some(misplaced) = self.known_misplaced() {
            return Condition::Lost(misplaced);
        }
        let queued = (self.in_call || self.lent.load(Ordering::Acquire)) && !self.bell.is_resting();
        let dirty = self.observed.is_busy()
            || queued
            || self.observed.status() != TransactionStatus::Idle
            || self.observed.traces().are_there()
            || self.observed.refusal().is_some()
            || self.transaction != Progress::None
            || self.spoiled.is_some();
        if dirty { Condition::Dirty } else { Condition::Ready }
    }

    pub(super) fn circumstances(&self) -> Circumstances {
        let read_only = self.transaction == Progress::Open { read_only: true };
        Circumstances { moment: Moment::Established, target: self.route.target(), read_only, fatal: false }
    }

    /// The fault of a call that came to nothing.
    pub(super) fn fault(&self, failure: impl Into<Failure>, step: Step) -> Fault {
        let circumstances = self.circumstances();
        if circumstances.read_only {
            // Refused for the sake of this transaction.
            self.observed.forget_refusal();
        }
        fault::from_failure(failure.into(), step, &self.observed, circumstances)
    }

    /// The fault that says why no further request can be sent, when it is so.
    pub(super) fn refusal(&self, step: Step) -> Option<Fault> {
        self.observed.is_over().then(|| fault::lost(step, &self.observed, self.circumstances()))
    }

    /// True once after a commit that did not wait for its synchronous standby to the end.
    pub(crate) fn take_unreplicated(&self) -> bool {
        self.observed.take_unreplicated()
    }

    /// What is known of the outcome of a COMMIT that was given up: adds to the fault that it is unknown, and with what
    /// it can be asked for, unless COMMIT was not sent.
    pub(crate) fn in_doubt(&self, fault: Fault) -> Fault {
        if self.transaction != Progress::Committing {
            return fault;
        }
        match self.guarding.ticket() {
            Ok(Some(ticket)) => fault.with_ticket(ticket),
            // Nothing was changed, so that nothing can have been committed.
            Ok(None) => fault.with_known_outcome(),
            Err(doubt) => fault.with_doubt(doubt),
        }
    }

    /// Marks a fault as one of unknown outcome when it means that an answer never came.
    pub(super) fn unless_answered(&self, fault: Fault, sent_before: u64) -> Fault {
        let sent = self.observed.sent() != sent_before || self.observed.is_busy();
        let unanswered = self.observed.is_over() || fault.class() == Class::ConnectionLost;
        if sent && unanswered { fault.with_unknown_outcome() } else { fault }
    }
}
