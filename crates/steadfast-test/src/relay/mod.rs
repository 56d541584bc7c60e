//! A TCP relay that does to connections what networks, proxies and platforms do to them.

mod armed;
mod connection;
mod counters;
mod cut;
mod demise;
mod door;
mod fault;
mod framer;
mod handle;
mod link;
mod pump;
mod registry;
mod socket;
mod weather;

pub use connection::Connection;
pub use counters::Counters;
pub use cut::Cut;
pub use fault::{Direction, Ending, Fault};
pub use handle::Relay;
