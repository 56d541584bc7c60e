//! The configuration as a whole.

use std::fmt::Write as _;

use crate::config::errors::ConfigErrors;
use crate::config::options::{PoolOptions, PostgresOptions, SqliteLocation, SqliteOptions};
use crate::config::provenance::Provenance;
use crate::error::ConfigError;

/// A complete configuration: one backend and a pool for it.
///
/// [`load`](Self::load) and [`from_url`](Self::from_url) give a valid one. The fields may be changed
/// afterwards; [`validate`](Self::validate) then says whether they still fit together.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Which database, and how to reach it.
    pub backend: BackendOptions,
    /// The pool in front of it.
    pub pool: PoolOptions,
    /// What was mended in the URL, in words; to be shown to whoever wrote it.
    pub repairs: Vec<String>,
    /// What had no effect or may not be meant, in words: options that the backend does not know, unknown
    /// variables, `PGHOST` without `DATABASE_URL`.
    pub warnings: Vec<String>,
    pub(crate) provenance: Provenance,
}

/// The database chosen by `DATABASE_URL`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BackendOptions {
    /// PostgreSQL.
    Postgres(Box<PostgresOptions>),
    /// SQLite.
    Sqlite(SqliteOptions),
}

impl Config {
    /// A configuration made in code, with the backend's default pool: [`PoolOptions::default`] for
    /// PostgreSQL, [`PoolOptions::sqlite`] for SQLite.
    #[must_use]
    pub fn new(backend: BackendOptions) -> Self {
        let pool = match &backend {
            BackendOptions::Postgres(_) => PoolOptions::default(),
            BackendOptions::Sqlite(_) => PoolOptions::sqlite(),
        };
        let provenance = Provenance::of_code(&backend, &pool);
        Self { backend, pool, repairs: Vec::new(), warnings: Vec::new(), provenance }
    }

    /// PostgreSQL with these options.
    #[must_use]
    pub fn postgres(options: PostgresOptions) -> Self {
        Self::new(BackendOptions::Postgres(Box::new(options)))
    }

    /// SQLite with these options.
    #[must_use]
    pub fn sqlite(options: SqliteOptions) -> Self {
        Self::new(BackendOptions::Sqlite(options))
    }

    /// SQLite in memory: one database shared by all connections of the pool and gone with it.
    #[must_use]
    pub fn sqlite_memory() -> Self {
        Self::sqlite(SqliteOptions { location: SqliteLocation::Memory, ..SqliteOptions::default() })
    }

    /// Checks that all options make sense together.
    ///
    /// # Errors
    /// Names every option that does not.
    pub fn validate(&self) -> Result<(), ConfigErrors> {
        ConfigErrors::check(self.problems())
    }

    pub(crate) fn problems(&self) -> Vec<ConfigError> {
        let mut problems = self.pool.problems();
        problems.extend(match &self.backend {
            BackendOptions::Postgres(postgres) => postgres.problems(),
            BackendOptions::Sqlite(sqlite) => sqlite.problems(),
        });
        problems
    }

    /// The database in words, without the password: `PostgreSQL at db.example:5432/app as alice`. For the
    /// operator's eyes: it names host, database and role.
    #[must_use]
    pub fn target(&self) -> String {
        match &self.backend {
            BackendOptions::Postgres(postgres) => postgres_target(postgres),
            BackendOptions::Sqlite(sqlite) => match &sqlite.location {
                SqliteLocation::File(path) => format!("SQLite file {}", path.display()),
                SqliteLocation::Memory => "SQLite in memory".to_owned(),
            },
        }
    }
}

fn postgres_target(postgres: &PostgresOptions) -> String {
    let mut text = String::from("PostgreSQL at ");
    for (index, (host, port)) in postgres.hosts.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let is_address = host.contains(':') && !host.starts_with(['/', '@']);
        let (open, close) = if is_address { ("[", "]") } else { ("", "") };
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{comma}{open}{host}{close}:{port}");
    }
    let _infallible = write!(text, "/{} as {}", postgres.database, postgres.user);
    text
}
