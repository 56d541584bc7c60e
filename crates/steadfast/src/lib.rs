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

pub mod time;
mod sync;
mod by_thread;
mod process;
pub mod verdict;
pub mod outcome;
pub mod error;
pub mod tasks;
pub mod event;
pub mod config;
pub mod connector;
pub mod sql;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod pool;
pub mod retry;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod backend;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub mod transaction;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub mod session;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub mod database;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub mod health;
#[cfg(all(feature = "metrics", any(feature = "postgres", feature = "sqlite")))]
pub mod metrics;
#[cfg(all(feature = "axum", any(feature = "postgres", feature = "sqlite")))]
pub mod web;

pub use config::Config;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use database::Database;
pub use error::{Error, Fault};
pub use outcome::{Outcome, Ticket};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use session::Session;
pub use verdict::Verdict;

/// The example in the README is compiled with the documentation tests.
#[cfg(all(doctest, feature = "postgres", feature = "sqlite"))]
#[doc = include_str!("../../../README.md")]
#[derive(Debug)]
struct Readme;
