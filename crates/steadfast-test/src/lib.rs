//! Real parts for fault tests.
//!
//! - [`Postgres`]: a private PostgreSQL server that can be stopped, killed, paused, restarted, followed by a
//!   standby and promoted.
//! - [`Relay`]: a TCP relay that does to connections what networks, proxies and platforms do.
//! - [`PgBouncer`]: a pooler in front of it.
//! - `LossyPath` (Linux, root): a path that really loses packets.
//! - [`Certificates`]: an authority and what it signs, for servers with TLS.
//! - [`Process`]: a program under test, with its output.
//! - [`sim`]: a simulated database, for pools under paused time.
//! - [`conformance`]: what every connector owes the pool, as a suite.
//! - [`eventually`]: waiting for a condition, with a bound; [`poll_once`]: dropping a future in the middle.
//!
//! Everything cleans up after itself, even when the test is killed. Nothing here depends on a database
//! driver; everything here panics when it cannot do its part, because a test has no use for an error value.
//!
//! ```no_run
//! # async fn example() {
//! use steadfast_test::{Ending, Postgres, Relay};
//!
//! let postgres = Postgres::start().await;
//! let relay = Relay::to(postgres.addr()).await;
//! // .. let the code under test connect to relay.url_from(&postgres) ..
//! relay.cut_all(Ending::Rst).await;
//! # }
//! ```

mod error;
mod environment;
mod eventually;
mod poll_once;
mod system;
mod workspace;
mod port;
mod watchdog;
mod certificates;
mod process;
mod postgres;
mod pgbouncer;
mod relay;
#[cfg(target_os = "linux")]
mod lossy;
pub mod sim;
pub mod conformance;

pub use certificates::Certificates;
pub use error::Error;
pub use eventually::{eventually, holds_within};
#[cfg(target_os = "linux")]
pub use lossy::LossyPath;
pub use pgbouncer::PgBouncer;
pub use poll_once::poll_once;
pub use postgres::{Auth, Backends, Builder, Mode, Postgres, installed_versions};
pub use process::Process;
pub use relay::{Connection, Counters, Cut, Direction, Ending, Fault, Relay};
pub use system::Signal;
