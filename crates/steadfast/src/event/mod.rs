//! What happens inside, as a closed set of events for observers.

mod history;
mod kinds;

pub use history::{History, Incident};
pub use kinds::{CloseCause, Event, Observer, TracingObserver};
