//! How things are measured and told.

mod clock;
mod effort;
mod report;
mod rounds;
mod statistics;
mod work;

pub use clock::{Stopwatch, cpu_of_tree, descendants};
pub use effort::Effort;
pub use report::{Bar, Limit, Report, millis, nanos, ratio_cell};
pub use rounds::{Contender, Series, interleave};
pub use statistics::Spread;
pub use work::{Plan, Sample, Work, contender, drive};
