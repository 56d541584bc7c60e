//! What surrounds every handler, one concern a file. `layers` puts them in order.

mod access_log;
mod admission;
mod cut_off;
mod fixed_headers;
mod layers;
mod measure;
mod panics;
mod schema_gate;

use access_log::access_log;
use admission::admission;
use cut_off::cut_off;
use fixed_headers::fixed_headers;
pub(crate) use layers::{around_all, around_work};
use measure::measure;
use panics::panics;
use schema_gate::schema_gate;

#[cfg(test)]
mod tests;
