//! The options themselves, with their defaults. Names, sources and reasons stand in `config::table`.

mod pool;
mod postgres;
mod socket;
mod sqlite;
mod tls;

pub use pool::{PoolOptions, PrePing};
pub use postgres::{PostgresOptions, TargetSession};
pub use socket::SocketOptions;
pub(crate) use socket::{MAX_KEEPALIVE_COUNT, MAX_KEEPALIVE_SECS};
pub use sqlite::{SqliteLocation, SqliteOptions};
pub(crate) use tls::SYSTEM_ROOTS;
pub use tls::{ChannelBinding, SslMode, TlsOptions};

use crate::error::ConfigError;
use crate::time::Duration;

/// The longest duration that any option accepts. Longer ones mean "never", which has words of its own
/// (`off`), and adding them to a point in time must not overflow.
pub(crate) const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// The first problem, for callers that need one error.
fn first(problems: Vec<ConfigError>) -> Result<(), ConfigError> {
    problems.into_iter().next().map_or(Ok(()), Err)
}
