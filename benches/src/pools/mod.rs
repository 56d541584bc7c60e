//! The contenders.

pub mod http;
pub mod memory;
pub mod postgres;
pub mod transaction;

/// Connections in every pool.
pub const CONNECTIONS: usize = 8;
