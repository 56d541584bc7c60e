//! A configuration while it is being put together: both backends side by side, hosts and ports still apart.

use std::net::IpAddr;

use crate::config::configuration::BackendOptions;
use crate::config::options::{PoolOptions, PostgresOptions, SqliteOptions};

/// What the setters of the table write to and their counterparts read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    pub(crate) pool: PoolOptions,
    pub(crate) postgres: PostgresOptions,
    pub(crate) sqlite: SqliteOptions,
    /// Hosts as configured; `None`: nobody named one.
    pub(crate) hosts: Option<Vec<String>>,
    /// One port for all hosts or one for each; `None` in the list: the default.
    pub(crate) ports: Option<Vec<Option<u16>>>,
    /// `hostaddr`.
    pub(crate) addresses: Option<Vec<Option<IpAddr>>>,
    /// Whether somebody named a role.
    pub(crate) user_named: bool,
    /// Whether somebody named a database.
    pub(crate) database_named: bool,
}

/// PostgreSQL's port.
pub(crate) const DEFAULT_PORT: u16 = 5432;

impl Draft {
    /// A draft in which the options of this configuration can be read.
    pub(crate) fn of(backend: &BackendOptions, pool: &PoolOptions) -> Self {
        let mut draft = Self { pool: pool.clone(), ..Self::default() };
        match backend {
            BackendOptions::Postgres(postgres) => draft.postgres = (**postgres).clone(),
            BackendOptions::Sqlite(sqlite) => draft.sqlite = sqlite.clone(),
        }
        draft
    }

    /// Joins hosts, ports and addresses, and names the database like the role when nobody named it.
    ///
    /// # Errors
    /// The option that does not fit the others, with what is wrong.
    pub(crate) fn join_hosts(&mut self) -> Result<(), (&'static str, String)> {
        let addresses = self.addresses.take().unwrap_or_default();
        let hosts = match self.hosts.take() {
            Some(hosts) => hosts,
            None if addresses.is_empty() => local_hosts(),
            // As libpq does: an address without a name is its own name.
            None => {
                addresses.iter().map(|address| address.map_or_else(String::new, |a| a.to_string())).collect()
            }
        };
        let ports = self.ports.take().unwrap_or_default();
        let port_of = |index: usize| {
            let port = if ports.len() == 1 { ports.first() } else { ports.get(index) };
            port.copied().flatten().unwrap_or(DEFAULT_PORT)
        };
        if ports.len() > 1 && ports.len() != hosts.len() {
            return Err(("postgres.port", format!("{} ports for {} hosts", ports.len(), hosts.len())));
        }
        if !addresses.is_empty() && addresses.len() != hosts.len() {
            return Err((
                "postgres.hostaddr",
                format!("{} addresses for {} hosts", addresses.len(), hosts.len()),
            ));
        }
        self.postgres.hosts = hosts.into_iter().enumerate().map(|(i, host)| (host, port_of(i))).collect();
        self.postgres.addresses = addresses;
        if !self.database_named {
            self.postgres.database.clone_from(&self.postgres.user);
        }
        Ok(())
    }
}

/// Where a server of this machine listens, in the order of likelihood. libpq knows one socket directory,
/// chosen when it was compiled: Debian's, or PostgreSQL's own.
fn local_hosts() -> Vec<String> {
    let hosts: &[&str] =
        if cfg!(unix) { &["/var/run/postgresql", "/tmp", "localhost"] } else { &["localhost"] };
    hosts.iter().map(|host| (*host).to_owned()).collect()
}
