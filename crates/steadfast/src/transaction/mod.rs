//! Units of work that are retried only when it is proven that nothing was committed.

mod handle;

pub use handle::Transaction;
