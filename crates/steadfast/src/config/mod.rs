//! Options: defaults, environment, URL and code, parsed and validated once.
//!
//! [`Config::load`] puts a configuration together: default, then environment, then URL, then override, each
//! outranking the one before. One table (`table`) drives parsing, display and `docs/configuration.md`, which
//! is what [`reference()`] renders.

mod compose;
mod configuration;
mod draft;
mod environment;
mod errors;
mod load;
mod nearest;
mod options;
mod origin;
mod provenance;
mod reference;
mod table;
mod url;
mod value;

#[cfg(test)]
mod tests;

pub use crate::error::ConfigError;
pub use configuration::{BackendOptions, Config};
pub use environment::Environment;
pub use errors::ConfigErrors;
pub use options::{
    ChannelBinding, PoolOptions, PostgresOptions, PrePing, SocketOptions, SqliteLocation, SqliteOptions,
    SslMode, TargetSession, TlsOptions,
};
pub use origin::Origin;
pub use provenance::{Setting, render_settings};
pub use reference::reference;
