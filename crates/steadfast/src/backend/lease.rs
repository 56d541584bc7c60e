//! A leased connection of either database.

use crate::error::Fault;
use crate::outcome::Ticket;
#[cfg(feature = "sqlite")]
use crate::outcome::{Doubt, Outcome};
use crate::pool::Lease;
#[cfg(feature = "postgres")]
use crate::postgres::{Ghost, PostgresConnector};
use crate::sql::{Row, Settled, SqlConnection, TransactionOptions, Value, marker};
#[cfg(feature = "sqlite")]
use crate::sqlite::SqliteConnector;
use crate::time::Instant;

use super::BackendPulse;

/// A lease from either.
#[derive(Debug)]
pub(crate) enum BackendLease {
    #[cfg(feature = "postgres")]
    Postgres(Lease<PostgresConnector>),
    #[cfg(feature = "sqlite")]
    Sqlite(Lease<SqliteConnector>),
}

/// What a lost connection may have left behind on the server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BackendGhost {
    #[cfg(feature = "postgres")]
    Postgres(Ghost),
}

impl BackendLease {
    /// A view of the connection for whoever watches while it is in use.
    pub(crate) fn pulse(&self) -> BackendPulse {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(lease) => BackendPulse::Postgres(lease.pulse()),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => BackendPulse::Local,
        }
    }

    /// Adds to the fault of a COMMIT that was given up what is known of its outcome.
    pub(crate) fn in_doubt(&self, fault: Fault) -> Fault {
        either!(self, lease => lease.in_doubt(fault))
    }

    /// True once after a commit that did not wait for its synchronous standby to the end.
    pub(crate) fn take_unreplicated(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(lease) => lease.take_unreplicated(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => false,
        }
    }

    /// What would be left behind on the server if this connection were lost now.
    pub(crate) fn ghost(&self) -> Option<BackendGhost> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(lease) => lease.ghost().map(BackendGhost::Postgres),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => None,
        }
    }

    /// Ends what a lost connection has left behind. True when there was something.
    pub(crate) async fn lay(&mut self, ghost: BackendGhost) -> Result<bool, Fault> {
        match (self, ghost) {
            #[cfg(feature = "postgres")]
            (Self::Postgres(lease), BackendGhost::Postgres(ghost)) => lease.lay(ghost).await,
            #[cfg(feature = "sqlite")]
            (Self::Sqlite(_), _) => Ok(false),
        }
    }

    /// Finds out what became of a transaction, over this connection.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "SQLite answers at once"))]
    pub(crate) async fn settle(
        &mut self,
        ticket: &Ticket,
        may_end: bool,
        deadline: Instant,
    ) -> Result<Settled, Fault> {
        match (self, ticket) {
            #[cfg(feature = "postgres")]
            (Self::Postgres(lease), Ticket::Xid(ticket)) => lease.settle_xid(ticket, may_end, deadline).await,
            #[cfg(feature = "postgres")]
            (Self::Postgres(lease), Ticket::Marker(ticket)) => {
                marker::settle(&mut **lease, *ticket, &marker::POSTGRES).await
            }
            #[cfg(feature = "sqlite")]
            (Self::Sqlite(lease), Ticket::Marker(ticket)) => {
                marker::settle(&mut **lease, *ticket, &marker::SQLITE).await
            }
            #[cfg(feature = "sqlite")]
            (Self::Sqlite(_), Ticket::Xid(_)) => {
                Ok(Settled { outcome: Outcome::Unknown(Doubt::OtherCluster), ended: false })
            }
        }
    }

    /// The version of what is at the other end.
    pub(crate) fn server_version(&self) -> String {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(lease) => lease.server().version.clone(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => crate::sqlite::version().to_owned(),
        }
    }

    /// Says what went wrong on the connection, so that the pool judges it and its like.
    pub(crate) fn judge(&mut self, fault: &Fault) {
        if fault.class().condemns_connection() {
            either!(self, lease => lease.condemn(fault.clone()));
        }
    }
}

impl SqlConnection for BackendLease {
    async fn begin(&mut self, options: TransactionOptions) -> Result<(), Fault> {
        either!(self, lease => lease.begin(options).await)
    }

    async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, Fault> {
        either!(self, lease => lease.execute(sql, params).await)
    }

    async fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Fault> {
        either!(self, lease => lease.query(sql, params).await)
    }

    async fn read(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Fault> {
        either!(self, lease => lease.read(sql, params).await)
    }

    async fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        either!(self, lease => lease.batch(sql).await)
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        either!(self, lease => lease.commit().await)
    }

    fn ticket(&self) -> Option<Ticket> {
        either!(self, lease => lease.ticket())
    }

    async fn rollback(&mut self) -> Result<(), Fault> {
        either!(self, lease => lease.rollback().await)
    }
}
