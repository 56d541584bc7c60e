//! Database connections that hold.
//!
//! A connection pool for PostgreSQL and SQLite that finds out about lost connections before a caller does,
//! sessions that leave nothing behind, and transactions that are replayed only when that is proven safe.
//!
//! Start with [`Database`]: it holds a pool, opens sessions and runs transactions. [`Pool`](pool::Pool) is
//! the layer below, for whoever wants the driver's own connection.
//!
//! The modules are listed in layer order: a module names only what stands above it. `cargo xtask tidy`
//! checks that.

pub mod config;
pub mod connector;
pub mod database;
pub mod error;
pub mod event;
pub mod health;
pub mod pool;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod retry;
pub mod session;
pub mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod tasks;
pub mod time;
pub mod transaction;
pub mod verdict;
#[cfg(feature = "axum")]
pub mod web;

pub use config::Config;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use database::Database;
pub use error::{Error, Fault};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use session::Session;
pub use verdict::Verdict;
