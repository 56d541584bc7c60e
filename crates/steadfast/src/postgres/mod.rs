//! PostgreSQL: the driver `tokio-postgres` under a tap that sees what the driver hides.

mod cache;
mod cancel;
mod catalogue;
mod clean;
mod committing;
mod columns;
mod connection;
mod connector;
mod dial;
mod doorbell;
mod driver;
mod execution;
mod failed;
mod fault;
mod handshake;
mod hosts;
mod guard;
mod marker;
mod misplaced;
mod numeric;
mod signs;
mod observed;
mod parameters;
mod prepared;
mod progress;
mod pulse;
mod reading;
mod refusals;
mod reported;
mod said;
mod script;
mod socket;
mod sqlstate;
mod sqlstate_table;
mod statements;
mod tap;
mod tls;
mod touch;
mod transaction;
mod transport;

pub use connection::{PostgresConnection, ServerFacts, Traffic};
pub use connector::PostgresConnector;
pub(crate) use guard::Ghost;
pub(crate) use pulse::Pulse;
/// The driver, whose client [`PostgresConnection::client`] gives access to.
pub use tokio_postgres;
