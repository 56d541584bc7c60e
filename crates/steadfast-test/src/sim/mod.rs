//! A simulated database: a connector whose every behaviour is set by the test, for a pool under paused time.

mod answer;
mod connection;
mod connector;
mod server;

pub use answer::Answer;
pub use connection::SimConnection;
pub use server::SimServer;
