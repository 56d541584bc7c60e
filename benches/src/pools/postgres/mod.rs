//! Checkout, a prepared `SELECT 1`, and return, as each library would have one do it.

mod bb8;
mod deadpool;
mod raw;
mod sqlx;
mod steadfast;

pub use bb8::Bb8;
pub use deadpool::{Deadpool, pool as deadpool_pool};
pub use raw::{Raw, connect as connect_raw};
pub use sqlx::Sqlx;
pub use steadfast::{Query, Steadfast, database};

/// The statement.
pub const SELECT: &str = "SELECT 1";
