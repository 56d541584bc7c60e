//! What is measured, a section for each row or two of the table of bars.

mod crowd;
mod heap;
mod http;
mod memory;
mod select;
mod start;
mod transaction;

pub use crowd::crowd;
pub use heap::heap;
pub use http::{Programs, http};
pub use memory::memory;
pub use select::select;
pub use start::start;
pub use transaction::transaction;
