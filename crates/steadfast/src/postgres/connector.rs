//! The connector: opens connections and looks after them.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use crate::config::{PostgresOptions, TargetSession};
use crate::connector::{Alarm, Condition, Connector};
use crate::error::{ConfigError, Fault};
use crate::time::{Duration, Instant, timeout};
use crate::verdict::Step;

use super::cache::StatementCache;
use super::cancel::Route;
use super::catalogue::Catalogue;
use super::connection::{PostgresConnection, ServerFacts};
use super::dial::is_directory;
use super::doorbell::Doorbell;
use super::driver::Driver;
use super::guard::Guarding;
use super::handshake::{Opened, open};
use super::hosts::{all_failed, by_mode, check, passes};
use super::latch::Latch;
use super::line::{Line, Wire};
use super::progress::Progress;
use super::reported::Usual;
use super::tls::Settings;
use super::transaction;

/// Opens connections to a PostgreSQL server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PostgresConnector {
    options: Arc<PostgresOptions>,
    settings: Option<Arc<Settings>>,
    connect_timeout: Duration,
    catalogue: Arc<Catalogue>,
    usual: Arc<Usual>,
}

impl PostgresConnector {
    /// A connector with these options. `connect_timeout` bounds name resolution, sockets, TLS,
    /// authentication and the search among several hosts together; each host gets an equal share of what is
    /// left, so that a silent one does not use up the time of those behind it.
    ///
    /// Reads the files named by the TLS options, once.
    ///
    /// # Errors
    /// Names the option that cannot work: a file that is missing or no certificate, TLS options that
    /// contradict each other, no host.
    pub fn new(options: PostgresOptions, connect_timeout: Duration) -> Result<Self, ConfigError> {
        if options.hosts.is_empty() {
            return Err(ConfigError::new(
                "host",
                "no host is given",
                "accepted are one or more, separated by commas",
            ));
        }
        let settings = Settings::load(&options.tls)?.map(Arc::new);
        Ok(Self {
            options: Arc::new(options),
            settings,
            connect_timeout,
            catalogue: Arc::default(),
            usual: Arc::default(),
        })
    }

    async fn search(
        &self,
        alarm: &Alarm,
        progress: &Progress,
        deadline: Instant,
    ) -> Result<PostgresConnection, Fault> {
        let passes = passes(self.options.target_session);
        let mut left = passes.len() * self.options.hosts.len();
        let mut failures = Vec::new();
        for target in passes {
            // What an earlier pass found says no more than what this one finds.
            failures.clear();
            for (host, port) in &self.options.hosts {
                let share = deadline.saturating_duration_since(Instant::now())
                    / u32::try_from(left).unwrap_or(u32::MAX);
                left -= 1;
                let one = self.one_host(host, *port, *target, alarm, progress);
                match timeout(share, one).await {
                    Ok(Ok(connection)) => return Ok(connection),
                    Ok(Err(fault)) => failures.push((place(host, *port), fault)),
                    Err(_) => failures.push((place(host, *port), progress.timed_out(share))),
                }
            }
        }
        Err(all_failed(failures))
    }

    async fn one_host(
        &self,
        host: &str,
        port: u16,
        target: TargetSession,
        alarm: &Alarm,
        progress: &Progress,
    ) -> Result<PostgresConnection, Fault> {
        let settings = self.settings.as_deref();
        let pinned = settings.is_some_and(Settings::is_pinned);
        let opened = by_mode(self.options.tls.mode, pinned, |encryption| {
            open(&self.options, settings, (host, port), encryption, progress, &self.catalogue)
        })
        .await?;
        let connection = self.start(opened, host, port, alarm).await;
        check(&connection, target).await?;
        connection.learn(Step::Startup).await?;
        Ok(connection)
    }

    async fn start(&self, opened: Opened, host: &str, port: u16, alarm: &Alarm) -> PostgresConnection {
        let Opened { stream, observed, way, tls } = opened;
        let server = Arc::new(ServerFacts {
            version: observed.parameter("server_version").unwrap_or_default(),
            process: observed.key().0,
            host: host.to_owned(),
            port,
            tls,
        });
        let route = Arc::new(Route {
            options: Arc::clone(&self.options),
            settings: self.settings.clone(),
            server: Arc::clone(&server),
            way,
        });
        let bell = Doorbell::new();
        let wire = Wire::new(stream, Arc::clone(&observed));
        let driver =
            Driver::start(wire, Arc::clone(&bell), Arc::clone(&observed), Arc::clone(&route), alarm.clone());
        let cached = self.options.statement_cache > 0;
        let line = Line::new(driver.engine(), Arc::clone(&observed));
        let guarding = Guarding::begin(&line, server.process, cached).await;
        observed.quiet().await;
        observed.share_parameters(&self.usual);
        PostgresConnection {
            line,
            client: OnceLock::new(),
            driver,
            observed,
            bell,
            route,
            server,
            cache: StatementCache::new(self.options.statement_cache),
            closing: Vec::new(),
            transaction: transaction::Progress::None,
            guarding,
            spoiled: None,
            latch: Latch::default(),
            in_call: false,
            lent: AtomicBool::new(false),
        }
    }
}

impl Connector for PostgresConnector {
    type Connection = PostgresConnection;

    async fn connect(&self, alarm: Alarm) -> Result<PostgresConnection, Fault> {
        let progress = Progress::new();
        let deadline = Instant::now() + self.connect_timeout;
        // Each host is bounded by its share, so that the whole needs no bound of its own.
        self.search(&alarm, &progress, deadline).await
    }

    async fn ping(&self, connection: &mut PostgresConnection) -> Result<(), Fault> {
        connection.ping().await
    }

    fn inspect(&self, connection: &PostgresConnection) -> Condition {
        connection.condition()
    }

    async fn clean(&self, connection: &mut PostgresConnection) -> Result<(), Fault> {
        connection.clean().await
    }

    async fn close(&self, connection: PostgresConnection) {
        connection.end().await;
    }

    fn abandon(&self, connection: PostgresConnection) {
        // Dropping it would abort the driver, which closes the socket under TLS with a goodbye, and wake a
        // task of a runtime whose threads this process does not have.
        std::mem::forget(connection);
    }
}

fn place(host: &str, port: u16) -> String {
    if is_directory(host) { format!("{host}/.s.PGSQL.{port}") } else { format!("{host}:{port}") }
}
