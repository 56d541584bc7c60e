//! Options: defaults, code, environment and URL, parsed and validated once.

mod options;

pub use crate::error::ConfigError;
pub use options::{
    ChannelBinding, PoolOptions, PostgresOptions, PrePing, SocketOptions, SqliteLocation, SqliteOptions,
    SslMode, TargetSession, TlsOptions,
};

/// A complete, valid configuration: one backend and a pool for it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Which database, and how to reach it.
    pub backend: BackendOptions,
    /// The pool in front of it.
    pub pool: PoolOptions,
    /// What was mended in the URL, in words; to be shown to whoever wrote it.
    pub repairs: Vec<String>,
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
