//! A PostgreSQL server of the test's own: the real one, started in a fraction of a second.

mod access;
mod account;
mod backends;
mod binaries;
mod builder;
mod control;
mod psql;
mod reach;
mod server;
mod standby;
mod template;

pub use access::Auth;
pub(crate) use account::Account;
pub use backends::Backends;
pub use binaries::installed_versions;
pub use builder::Builder;
pub use control::Mode;
pub use server::Postgres;
