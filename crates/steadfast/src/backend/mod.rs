//! One type for the connections of either database, so that everything above is written once.

#[macro_use]
mod either;
mod kind;
mod lease;
mod opinion;
mod pool;

pub use kind::BackendKind;
pub(crate) use lease::{BackendGhost, BackendLease};
pub(crate) use opinion::{BackendPulse, Opinion};
pub(crate) use pool::Backend;
