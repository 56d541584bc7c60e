//! The small common ground of both databases: values, rows, and what a connection must do for a transaction.
//!
//! Statements use `$1`, `$2`, ... on either database. Whoever needs more of PostgreSQL takes the driver's own
//! client from a lease of the pool.

mod connection;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) mod marker;
mod row;
mod value;

pub use connection::{Access, Guard, Isolation, SqlConnection, TransactionOptions};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use marker::Settled;
pub use row::{Columns, Row};
pub use value::{FromValue, Value};

/// A parameter list: `params![id, "name", None::<i64>]` is `[Value; 3]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { [$($crate::sql::Value::from($value)),*] };
}
