//! One type for the connections of either database, so that everything above is written once.

use crate::config::PoolOptions;
use crate::error::{AcquireError, Fault};
use crate::outcome::Ticket;
#[cfg(feature = "sqlite")]
use crate::outcome::{Doubt, Outcome};
use crate::pool::{Lease, Pool, SlotStatus, Status};
#[cfg(feature = "postgres")]
use crate::postgres::{Ghost, PostgresConnector, Pulse};
use crate::sql::{Row, Settled, SqlConnection, TransactionOptions, Value, marker};
#[cfg(feature = "sqlite")]
use crate::sqlite::SqliteConnector;
#[cfg(feature = "postgres")]
use crate::time::timeout;
use crate::time::{Duration, Instant};

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BackendKind {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

impl BackendKind {
    /// The database as OpenTelemetry names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Sqlite => "sqlite",
        }
    }
}

/// A pool for either database.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    #[cfg(feature = "postgres")]
    Postgres(Pool<PostgresConnector>),
    #[cfg(feature = "sqlite")]
    Sqlite(Pool<SqliteConnector>),
}

/// A lease from either.
#[derive(Debug)]
pub(crate) enum BackendLease {
    #[cfg(feature = "postgres")]
    Postgres(Lease<PostgresConnector>),
    #[cfg(feature = "sqlite")]
    Sqlite(Lease<SqliteConnector>),
}

/// The same expression for whichever database it is.
macro_rules! either {
    ($of:expr, $name:ident => $body:expr) => {
        match $of {
            #[cfg(feature = "postgres")]
            Self::Postgres($name) => $body,
            #[cfg(feature = "sqlite")]
            Self::Sqlite($name) => $body,
        }
    };
}

impl Backend {
    pub(crate) const fn kind(&self) -> BackendKind {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => BackendKind::Postgres,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => BackendKind::Sqlite,
        }
    }

    /// How the table of [`Guard::Marker`](crate::sql::Guard::Marker) is made and used.
    pub(crate) const fn marker(&self) -> &'static marker::Dialect {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => &marker::POSTGRES,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => &marker::SQLITE,
        }
    }

    pub(crate) async fn acquire_until(&self, deadline: Instant) -> Result<BackendLease, AcquireError> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => pool.acquire_until(deadline).await.map(BackendLease::Postgres),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(pool) => pool.acquire_until(deadline).await.map(BackendLease::Sqlite),
        }
    }

    pub(crate) fn acquire_deadline(&self) -> Instant {
        Instant::now() + either!(self, pool => pool.options().acquire_timeout)
    }

    pub(crate) fn connect_deadline(&self) -> Instant {
        Instant::now() + either!(self, pool => pool.options().connect_timeout)
    }

    /// How long a peer that is asked may take to answer.
    pub(crate) fn ping_timeout(&self) -> Duration {
        either!(self, pool => pool.options().ping_timeout)
    }

    /// Asks the server over another connection whether it is at work for the one with this pulse.
    pub(crate) async fn second_opinion(&self, pulse: &BackendPulse) -> Opinion {
        match (self, pulse) {
            #[cfg(feature = "postgres")]
            (Self::Postgres(pool), BackendPulse::Postgres(pulse)) => {
                let limit = pool.options().ping_timeout;
                let Ok(mut other) = pool.acquire_aside(Instant::now() + limit / 2).await else {
                    return Opinion::NobodyToAsk { all_leased: pool.status().is_exhausted() };
                };
                match timeout(limit, pulse.is_deserted(&mut other)).await {
                    Ok(Ok(true)) => Opinion::Deserted,
                    Ok(Ok(false)) => Opinion::AtWork,
                    Ok(Err(fault)) if !fault.class().condemns_connection() => Opinion::AtWork,
                    Ok(Err(_)) => Opinion::Silent,
                    Err(_) => {
                        // It was a ping, and has failed like one.
                        other.condemn(silent(limit));
                        Opinion::Silent
                    }
                }
            }
            #[cfg(feature = "sqlite")]
            (_, BackendPulse::Local) => Opinion::AtWork,
            #[cfg(all(feature = "postgres", feature = "sqlite"))]
            (Self::Sqlite(_), BackendPulse::Postgres(_)) => Opinion::AtWork,
        }
    }

    /// True for one caller in a while: it may give up its connection so that there is one to ask with.
    pub(crate) fn may_spare_one(&self) -> bool {
        either!(self, pool => pool.may_spare_one())
    }

    pub(crate) fn status(&self) -> Status {
        either!(self, pool => pool.status())
    }

    pub(crate) fn slots(&self) -> Vec<SlotStatus> {
        either!(self, pool => pool.slots())
    }

    pub(crate) fn pool_options(&self) -> &PoolOptions {
        either!(self, pool => pool.options())
    }

    pub(crate) fn suspect(&self, fault: &Fault) {
        either!(self, pool => pool.suspect(fault));
    }

    pub(crate) fn dispose(&self) {
        either!(self, pool => pool.dispose());
    }

    pub(crate) async fn close(&self, deadline: Instant) -> usize {
        either!(self, pool => pool.close(deadline).await)
    }
}

/// What a lost connection may have left behind on the server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BackendGhost {
    #[cfg(feature = "postgres")]
    Postgres(Ghost),
}

/// What is heard over another connection of one that has gone quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only a path can go silent"))]
pub(crate) enum Opinion {
    /// The server does not know of any work for it.
    Deserted,
    /// It works, or cannot be asked about its work.
    AtWork,
    /// The other connection was of no use either, and is given up. Another may be.
    Silent,
    /// There was no other connection to be had, perhaps because all of them are held.
    NobodyToAsk { all_leased: bool },
}

#[cfg(feature = "postgres")]
fn silent(limit: Duration) -> Fault {
    use crate::verdict::{Class, Step};
    Fault::new(Class::ConnectionLost, Step::Ping, format!("no answer within {limit:?}"))
        .with_remedy("the path to the server went silent; a new connection is opened instead")
}

/// A view of a lease's connection that outlasts a borrow of it.
#[derive(Debug)]
pub(crate) enum BackendPulse {
    #[cfg(feature = "postgres")]
    Postgres(Pulse),
    /// There is no path that could go silent.
    #[cfg(feature = "sqlite")]
    Local,
}

impl BackendPulse {
    /// Bytes heard so far; `None` when there is nothing to listen to.
    pub(crate) fn heard(&self) -> Option<u64> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(pulse) => Some(pulse.heard()),
            #[cfg(feature = "sqlite")]
            Self::Local => None,
        }
    }
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
