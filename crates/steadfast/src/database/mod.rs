//! What an application holds: a pool for the configured backend, and units of work on it.

mod handle;
mod outcomes;
mod reach;

pub use crate::backend::BackendKind;
pub use handle::Database;
pub use reach::{FailedTry, Probe};
