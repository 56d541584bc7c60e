//! How long to wait before trying again.

mod backoff;

pub use backoff::{Backoff, Jitter};
