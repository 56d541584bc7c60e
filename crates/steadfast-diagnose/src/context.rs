//! What checks share: the configuration, and what earlier ones have found out.
//!
//! Everything here is found out when it is first asked for, so that a check that is run alone needs nobody before it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast::config::{Config, PostgresOptions, SqliteOptions};
use steadfast::connector::{Alarm, Connector as _};
use steadfast::error::ConfigError;
use steadfast::postgres::{PostgresConnection, PostgresConnector};
use steadfast::time::Instant;
use steadfast::verdict::{Class, Step};
use steadfast::{Fault, config};
use tokio::sync::OnceCell;

use crate::input::Input;
use crate::net::hosts::{Hosts, look_up};
use crate::net::startup::Hello;
use crate::net::tls::Seen;
use crate::options::Options;
use crate::progress::Progress;
use crate::server::Server;
use crate::session::{Session, forgets};
use crate::shown::Shown;

/// What checks share.
pub(crate) struct Context {
    pub(crate) input: Input,
    pub(crate) options: Options,
    pub(crate) progress: Arc<dyn Progress>,
    hosts: OnceCell<Hosts>,
    tls: OnceCell<Option<Seen>>,
    hello: OnceCell<Option<Hello>>,
    /// Held for moments: checks run one after the other.
    opened: Mutex<Option<Result<Arc<Opened>, Fault>>>,
    server: OnceCell<Result<Server, Fault>>,
    forgets: OnceCell<bool>,
}

/// The session that most checks ask, and how long it took to open.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) session: Session,
    pub(crate) took: Duration,
}

impl Context {
    pub(crate) fn new(input: Input, options: Options, progress: Arc<dyn Progress>) -> Self {
        Self {
            input,
            options,
            progress,
            hosts: OnceCell::new(),
            tls: OnceCell::new(),
            hello: OnceCell::new(),
            opened: Mutex::new(None),
            server: OnceCell::new(),
            forgets: OnceCell::new(),
        }
    }

    pub(crate) fn shown(&self, text: &str) -> Shown {
        self.input.secrets.shown(text)
    }

    pub(crate) fn config(&self) -> Option<&Config> {
        self.input.config.as_ref().ok()
    }

    /// The options of the PostgreSQL server; `None` when it is another database, or the configuration cannot be read.
    pub(crate) fn postgres(&self) -> Option<&PostgresOptions> {
        self.input.postgres()
    }

    pub(crate) fn sqlite(&self) -> Option<&SqliteOptions> {
        self.input.sqlite()
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        self.config().map_or(Duration::from_secs(10), |config| config.pool.connect_timeout)
    }

    /// The hosts with their addresses and whether anything listens there.
    pub(crate) async fn hosts(&self) -> &Hosts {
        self.hosts.get_or_init(|| look_up(self.postgres(), self.connect_timeout())).await
    }

    /// What the first reachable server shows of TLS; `None` when nothing is reachable or it is a Unix socket.
    pub(crate) async fn tls(&self) -> Option<&Seen> {
        let look = async {
            let (options, door) = (self.postgres()?, self.hosts().await.first_open()?);
            Seen::look(door, &options.tls, self.connect_timeout()).await
        };
        self.tls.get_or_init(|| look).await.as_ref()
    }

    /// How the server answers the beginning of a log-in, with the encryption that will be used.
    pub(crate) async fn hello(&self) -> Option<&Hello> {
        let say = async {
            let (options, door) = (self.postgres()?, self.hosts().await.first_open()?);
            let encrypted = options.tls.mode != config::SslMode::Disable
                && self.tls().await.is_some_and(Seen::is_encrypted);
            Hello::say(door, options, encrypted, self.connect_timeout()).await
        };
        self.hello.get_or_init(|| say).await.as_ref()
    }

    /// Whether the server is on this machine.
    pub(crate) fn hosts_are_local(&self) -> bool {
        let is_local = |host: &str| {
            host.starts_with('/') || matches!(host, "localhost" | "::1") || host.starts_with("127.")
        };
        self.postgres().is_some_and(|options| options.hosts.iter().all(|(host, _)| is_local(host)))
    }

    /// Whether a statement prepared in one transaction is unknown in the next, as behind a transaction pooler.
    pub(crate) async fn forgets_statements(&self) -> bool {
        let ask = async {
            match (self.connect(|_| ()).await, self.connect(|_| ()).await) {
                (Ok(one), Ok(other)) => forgets(&one, &other).await,
                _ => false,
            }
        };
        *self.forgets.get_or_init(|| ask).await
    }

    /// A session on the database, opened as the application would; a new one when the one before was lost.
    pub(crate) async fn opened(&self) -> Result<Arc<Opened>, Fault> {
        let known = self.opened.lock().clone();
        match known {
            Some(Ok(opened)) if opened.session.is_lost() => {}
            Some(known) => return known,
            None => {}
        }
        let opened = self.open().await.map(Arc::new);
        *self.opened.lock() = Some(opened.clone());
        opened
    }

    /// The server's settings.
    pub(crate) async fn server(&self) -> Result<&Server, &Fault> {
        let ask = async {
            let opened = self.opened().await?;
            Server::ask(&opened.session).await
        };
        self.server.get_or_init(|| ask).await.as_ref()
    }

    async fn open(&self) -> Result<Opened, Fault> {
        let started = Instant::now();
        let connection = self.connect(|_| ()).await?;
        Ok(Opened { session: Session::new(connection), took: started.elapsed() })
    }

    /// Opens a connection with changed options.
    pub(crate) async fn connect(
        &self,
        change: impl FnOnce(&mut PostgresOptions) + Send,
    ) -> Result<PostgresConnection, Fault> {
        self.connector(change)?.connect(Alarm::silent()).await
    }

    /// A connector with changed options.
    pub(crate) fn connector(
        &self,
        change: impl FnOnce(&mut PostgresOptions) + Send,
    ) -> Result<PostgresConnector, Fault> {
        let Some(options) = self.postgres() else {
            return Err(Fault::new(Class::Permanent, Step::Dial, "it is not a PostgreSQL database"));
        };
        let mut options = options.clone();
        change(&mut options);
        PostgresConnector::new(options, self.connect_timeout()).map_err(|error| unusable(&error))
    }
}

/// A configuration that cannot work, as a fault.
pub(crate) fn unusable(error: &ConfigError) -> Fault {
    Fault::new(Class::Permanent, Step::Tls, format!("{}: {}", error.field(), error.problem()))
        .with_remedy(error.accepted())
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("input", &self.input).finish_non_exhaustive()
    }
}
