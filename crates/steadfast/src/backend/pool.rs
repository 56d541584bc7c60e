//! The pool of either database.

use crate::config::PoolOptions;
use crate::error::{AcquireError, Fault};
use crate::pool::{Pool, SlotStatus, Status};
#[cfg(feature = "postgres")]
use crate::postgres::PostgresConnector;
use crate::sql::marker;
#[cfg(feature = "sqlite")]
use crate::sqlite::SqliteConnector;
#[cfg(feature = "postgres")]
use crate::time::timeout;
use crate::time::{Duration, Instant};

use super::{BackendKind, BackendLease, BackendPulse, Opinion};

/// A pool for either database.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    #[cfg(feature = "postgres")]
    Postgres(Pool<PostgresConnector>),
    #[cfg(feature = "sqlite")]
    Sqlite(Pool<SqliteConnector>),
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

#[cfg(feature = "postgres")]
fn silent(limit: Duration) -> Fault {
    use crate::verdict::{Class, Step};
    Fault::new(Class::ConnectionLost, Step::Ping, format!("no answer within {limit:?}"))
        .with_remedy("the path to the server went silent; a new connection is opened instead")
}
