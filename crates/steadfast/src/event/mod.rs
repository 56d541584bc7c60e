//! What happens inside, as a closed set of events for observers, and figures for those who measure.

mod chronicle;
mod history;
mod kinds;
mod log;
mod measurement;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod stopwatch;

pub use chronicle::Incident;
pub use history::History;
pub use kinds::{CloseCause, Event, Observer};
pub use log::TracingObserver;
pub use measurement::{Ending, Measurement, Operation};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use stopwatch::Stopwatch;
