//! Units of work that are retried only when it is proven that nothing was committed.

mod attempt;
mod commit;
mod handle;
mod run;
mod settling;
mod statement;
mod vigil;

pub(crate) use commit::commit;
pub use handle::Transaction;
pub(crate) use handle::{at_most_one, exactly_one};
pub(crate) use run::{Unit, read_once, run};
pub(crate) use settling::{Settling, settle};
pub(crate) use statement::{Execute, Query, Statement};
