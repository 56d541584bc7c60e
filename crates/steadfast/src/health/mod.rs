//! Health: kept by a background probe, read in microseconds. Asking changes nothing and holds no connection.

mod monitor;
mod report;

pub use monitor::{HealthOptions, Monitor};
pub use report::{Count, Health, Report, Trouble};
