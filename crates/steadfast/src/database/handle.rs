//! The handle: a pool for the configured backend, and units of work on it.

use std::fmt;
use std::sync::Arc;

use crate::backend::Backend;
use crate::backend::BackendKind;
use crate::config::PoolOptions;
use crate::config::{BackendOptions, Config};
use crate::error::{ConfigError, Error, Fault};
use crate::event::{History, Observer, Operation, TracingObserver};
use crate::pool::{Pool, SlotStatus, Status};
#[cfg(feature = "postgres")]
use crate::postgres::PostgresConnector;
use crate::session::Session;
use crate::sql::{Row, TransactionOptions, Value};
#[cfg(feature = "sqlite")]
use crate::sqlite::SqliteConnector;
use crate::time::Instant;
use crate::transaction::{Transaction, Unit, read_once, run};

/// A database: PostgreSQL or SQLite, whichever the configuration names. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pub(super) backend: Backend,
    pub(super) observers: Arc<[Arc<dyn Observer>]>,
    history: Arc<History>,
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
        Self::open_observed(config, vec![Arc::new(TracingObserver::default())])
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
            #[cfg(not(feature = "postgres"))]
            BackendOptions::Postgres(_) => return Err(left_out("postgres")),
            #[cfg(not(feature = "sqlite"))]
            BackendOptions::Sqlite(_) => return Err(left_out("sqlite")),
        };
        Ok(Self { backend, observers: observers.into(), history })
    }

    /// Which database it is.
    #[must_use]
    pub const fn backend(&self) -> BackendKind {
        self.backend.kind()
    }

    /// The pool of PostgreSQL connections, for whoever needs the driver's own client; `None` on SQLite.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub const fn postgres(&self) -> Option<&Pool<PostgresConnector>> {
        match &self.backend {
            Backend::Postgres(pool) => Some(pool),
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => None,
        }
    }

    /// What the pool looks like now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.backend.status()
    }

    /// The pool's slots one by one, for whoever wants to draw them.
    #[must_use]
    pub fn slots(&self) -> Vec<SlotStatus> {
        self.backend.slots()
    }

    /// What the pool was made with.
    #[must_use]
    pub fn pool_options(&self) -> &PoolOptions {
        self.backend.pool_options()
    }

    /// The last incidents.
    #[must_use]
    pub fn history(&self) -> &Arc<History> {
        &self.history
    }

    /// A session: one caller's view, with at most one connection and one transaction at a time. Waits in it
    /// end at the deadline (`None`: each after the pool's `acquire_timeout`).
    #[must_use]
    pub fn session(&self, deadline: Option<Instant>) -> Session {
        Session::new(self.backend.clone(), Arc::clone(&self.observers), deadline)
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
        read_once(&self.unit(Operation::Query, TransactionOptions::default(), deadline), sql, params).await
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
        run(&self.unit(Operation::Read, TransactionOptions::read_only(), deadline), work).await
    }

    /// Runs a transaction, and runs it again when it is proven that nothing was committed and another try
    /// may do better: the connection was lost before COMMIT was sent, the server rolled back for the sake
    /// of another transaction (40001, 40P01), or the answer to COMMIT was lost and it was found out that nothing
    /// had been committed. When it is found out that it had, the closure's value is returned as usual.
    ///
    /// The closure may therefore run several times; what it does besides statements happens each time. Work with an
    /// effect outside the database says so by [`TransactionOptions::once`](crate::sql::TransactionOptions::once) or
    /// [`Transaction::once`](crate::transaction::Transaction::once). Three effects of statements count as outside: rows
    /// of foreign tables and what `dblink` does (another server decides), messages of `pg_logical_emit_message(false, ..)`,
    /// and a notification that a function sends in a transaction that changes nothing else; it may come twice.
    ///
    /// # Errors
    /// The closure's own error unchanged, after a rollback; else the last fault, or why no connection could be had.
    /// A fault with the verdict [`OutcomeUnknown`](crate::Verdict::OutcomeUnknown) means that the answer to COMMIT was
    /// lost and could not be found out in time: its [`ticket`](crate::Error::ticket) asks again.
    ///
    /// # Cancel safety
    /// Dropping the future rolls back, unless COMMIT is on its way already: that goes on in the background, and its
    /// outcome becomes an event ([`OutcomeResolved`](crate::event::Event::OutcomeResolved)) when its answer is lost.
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
        run(&self.unit(Operation::Transaction, options, deadline), work).await
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

    fn unit(&self, operation: Operation, options: TransactionOptions, deadline: Option<Instant>) -> Unit<'_> {
        Unit {
            backend: &self.backend,
            observers: &self.observers,
            operation,
            options,
            deadline: deadline.unwrap_or_else(|| self.backend.acquire_deadline()),
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

#[cfg(not(all(feature = "postgres", feature = "sqlite")))]
fn left_out(feature: &str) -> ConfigError {
    ConfigError::new(
        "DATABASE_URL",
        "names a database that this program was built without",
        format!("build it with the feature {feature}"),
    )
}

/// Enough for the story of a bad day, and bounded.
const REMEMBERED_INCIDENTS: usize = 50;
