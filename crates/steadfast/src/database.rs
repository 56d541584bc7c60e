//! What an application holds: a pool for the configured backend, and units of work on it.

use std::fmt;
use std::sync::Arc;

use crate::backend::Backend;
pub use crate::backend::BackendKind;
use crate::config::{BackendOptions, Config};
use crate::error::{AcquireError, AcquireFailure, ConfigError, Error, Fault};
use crate::event::{History, Observer, TracingObserver};
use crate::pool::{Pool, Reachability, Status};
#[cfg(feature = "postgres")]
use crate::postgres::PostgresConnector;
use crate::retry::Backoff;
use crate::session::Session;
use crate::sql::{Row, SqlConnection, TransactionOptions, Value};
#[cfg(feature = "sqlite")]
use crate::sqlite::SqliteConnector;
use crate::time::{Duration, Instant, sleep, timeout_at};
use crate::transaction::{Transaction, Unit, read_once, run};
use crate::verdict::{Class, Step};

/// A database: PostgreSQL or SQLite, whichever the configuration names. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    backend: Backend,
    observers: Arc<[Arc<dyn Observer>]>,
    history: Arc<History>,
}

/// What a successful [`Database::probe`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// How long the statement took.
    pub took: Duration,
    /// The server's version as it says it itself, or SQLite's.
    pub server_version: String,
}

/// A failed try of [`Database::wait_until_reachable`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FailedTry {
    /// Counted from one.
    pub number: u32,
    /// Why it failed.
    pub error: Error,
    /// How long the next one waits at most; it begins at once when the database answers before that.
    pub next_within: Duration,
}

impl Database {
    /// Makes a database of a configuration. Connects to nothing yet; the pool opens connections as they are
    /// needed. What happens in the pool goes to `tracing`.
    ///
    /// # Errors
    /// Names the option that cannot work.
    ///
    /// # Panics
    /// When called outside a tokio runtime.
    pub fn open(config: &Config) -> Result<Self, ConfigError> {
        Self::open_observed(config, vec![Arc::new(TracingObserver)])
    }

    /// As [`open`](Self::open), with observers of your own instead of `tracing`.
    ///
    /// # Errors
    /// Names the option that cannot work.
    ///
    /// # Panics
    /// When called outside a tokio runtime.
    pub fn open_observed(
        config: &Config,
        mut observers: Vec<Arc<dyn Observer>>,
    ) -> Result<Self, ConfigError> {
        let history = Arc::new(History::new(REMEMBERED_INCIDENTS));
        observers.push(Arc::clone(&history) as Arc<dyn Observer>);
        let backend = match &config.backend {
            #[cfg(feature = "postgres")]
            BackendOptions::Postgres(options) => {
                let connector = PostgresConnector::new((**options).clone(), config.pool.connect_timeout)?;
                Backend::Postgres(build(connector, config, &observers)?)
            }
            #[cfg(feature = "sqlite")]
            BackendOptions::Sqlite(options) => {
                Backend::Sqlite(build(SqliteConnector::new(options.clone())?, config, &observers)?)
            }
            #[cfg(not(all(feature = "postgres", feature = "sqlite")))]
            #[expect(
                clippy::wildcard_enum_match_arm,
                unreachable_patterns,
                reason = "the backends left out of this build"
            )]
            _ => {
                return Err(ConfigError::new(
                    "DATABASE_URL",
                    "names a database that this program was built without",
                    "build it with the feature postgres or sqlite",
                ));
            }
        };
        Ok(Self { backend, observers: observers.into(), history })
    }

    /// Which database it is.
    #[must_use]
    pub const fn backend(&self) -> BackendKind {
        self.backend.kind()
    }

    /// What the pool looks like now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.backend.status()
    }

    /// The last incidents.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// A session: one caller's view, with at most one connection and one transaction at a time. Waits in it
    /// end at the deadline (`None`: each after the pool's `acquire_timeout`).
    #[must_use]
    pub fn session(&self, deadline: Option<Instant>) -> Session {
        Session::new(self.backend.clone(), deadline)
    }

    /// Reads with one statement, in a transaction that the server keeps read-only, in one round trip. Tried
    /// again when the connection is lost, until the deadline (`None`: the pool's `acquire_timeout` from now).
    ///
    /// # Errors
    /// The last fault, or why no connection could be had.
    ///
    /// # Cancel safety
    /// Nothing is left behind: the pool ends what still runs.
    pub async fn query(
        &self,
        sql: &str,
        params: &[Value],
        deadline: Option<Instant>,
    ) -> Result<Vec<Row>, Error> {
        read_once(&self.unit(TransactionOptions::default(), deadline), sql, params).await
    }

    /// Reads in a read-only transaction, and begins again when the connection is lost.
    ///
    /// # Errors
    /// The closure's own error unchanged; else the last fault, or why no connection could be had.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn read<T, E, F, Fut>(&self, deadline: Option<Instant>, work: F) -> Result<T, E>
    where
        F: Fn(Transaction) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        T: Send,
        E: From<Error> + Send,
    {
        run(&self.unit(TransactionOptions::read_only(), deadline), work).await
    }

    /// Runs a transaction, and runs it again when it is proven that nothing was committed and another try
    /// may do better: the connection was lost before COMMIT was sent, or the server rolled back for the sake
    /// of another transaction (40001, 40P01). The closure may therefore run several times; what it does
    /// besides statements happens each time.
    ///
    /// # Errors
    /// The closure's own error unchanged, after a rollback; else the last fault (with the verdict
    /// [`OutcomeUnknown`](crate::Verdict::OutcomeUnknown) when the connection was lost after COMMIT had been
    /// sent), or why no connection could be had.
    ///
    /// # Cancel safety
    /// Dropping the future rolls back, unless COMMIT is on its way already: that goes on in the background.
    pub async fn transaction<T, E, F, Fut>(
        &self,
        options: TransactionOptions,
        deadline: Option<Instant>,
        work: F,
    ) -> Result<T, E>
    where
        F: Fn(Transaction) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        T: Send,
        E: From<Error> + Send,
    {
        run(&self.unit(options, deadline), work).await
    }

    /// Proves that the database answers: one connection, one statement.
    ///
    /// # Errors
    /// Why it does not, by the deadline.
    pub async fn probe(&self, deadline: Instant) -> Result<Probe, Error> {
        let mut lease = self.backend.acquire_until(deadline).await?;
        let started = Instant::now();
        let answer = timeout_at(deadline, lease.query("SELECT 1", &[])).await;
        let fault = match answer {
            Ok(Ok(_)) => {
                return Ok(Probe { took: started.elapsed(), server_version: lease.server_version() });
            }
            Ok(Err(fault)) => fault,
            Err(_) => Fault::new(Class::ConnectionLost, Step::Statement, "no answer to SELECT 1 in time"),
        };
        lease.judge(&fault);
        Err(fault.into())
    }

    /// Waits for a database that starts later than this program. Each failed try is reported with its cause; the next
    /// one begins after the schedule's delay, or at once when the database answers before.
    ///
    /// # Errors
    /// The last try's error when the schedule is over, or a permanent one at once.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn wait_until_reachable(
        &self,
        schedule: Backoff,
        mut report: impl FnMut(&FailedTry) + Send,
    ) -> Result<(), Error> {
        let Err(mut error) = self.first_try().await else {
            return Ok(());
        };
        for (number, next_within) in (1..).zip(schedule) {
            if is_permanent(&error) {
                return Err(error.into());
            }
            report(&FailedTry { number, error: error.clone().into(), next_within });
            match self.backend.acquire_until(Instant::now() + next_within).await {
                Ok(_lease) => return Ok(()),
                Err(next) => error = next,
            }
        }
        Err(error.into())
    }

    /// Makes everything suspect that is open now: each connection is verified before it is used again.
    pub fn suspect(&self, fault: &Fault) {
        self.backend.suspect(fault);
    }

    /// Closes everything that is open now, leased connections on return.
    pub fn dispose(&self) {
        self.backend.dispose();
    }

    /// Serves nobody any more, and waits until all connections are closed. Gives how many were not by the deadline.
    pub async fn close(&self, deadline: Instant) -> usize {
        self.backend.close(deadline).await
    }

    fn unit(&self, options: TransactionOptions, deadline: Option<Instant>) -> Unit<'_> {
        Unit {
            backend: &self.backend,
            observers: &self.observers,
            options,
            deadline: deadline.unwrap_or_else(|| self.backend.acquire_deadline()),
        }
    }

    /// One try to get a connection: ends with the pool's first failure to open one, where `acquire` would go
    /// on waiting.
    async fn first_try(&self) -> Result<(), AcquireError> {
        let started = Instant::now();
        let failed = async {
            loop {
                if let Reachability::Unreachable { fault, .. } = self.status().reachability {
                    return fault;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            biased;
            lease = self.backend.acquire_until(self.backend.connect_deadline()) => lease.map(drop),
            fault = failed => Err(AcquireError::connecting_failed(fault, started.elapsed())),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("backend", &self.backend).finish_non_exhaustive()
    }
}

fn build<C: crate::connector::Connector>(
    connector: C,
    config: &Config,
    observers: &[Arc<dyn Observer>],
) -> Result<Pool<C>, ConfigError> {
    let builder = Pool::builder(connector).options(config.pool.clone());
    observers.iter().fold(builder, |builder, observer| builder.observer(Arc::clone(observer))).build()
}

fn is_permanent(error: &AcquireError) -> bool {
    matches!(error.failure, AcquireFailure::Permanent | AcquireFailure::Closed)
        || error.last_connect().is_some_and(|fault| fault.class() == Class::Permanent)
}

/// Enough for the story of a bad day, and bounded.
const REMEMBERED_INCIDENTS: usize = 50;
