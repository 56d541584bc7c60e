//! What surrounds every handler, one concern a file. `router` puts them in order.

mod access_log;
mod admission;
mod cut_off;
mod fixed_headers;
mod measure;
mod panics;
mod schema_gate;

pub(crate) use access_log::access_log;
pub(crate) use admission::admission;
pub(crate) use cut_off::cut_off;
pub(crate) use fixed_headers::fixed_headers;
pub(crate) use measure::measure;
pub(crate) use panics::panics;
pub(crate) use schema_gate::schema_gate;

#[cfg(test)]
mod tests;
