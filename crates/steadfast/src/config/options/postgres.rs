//! How to reach a PostgreSQL server.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use crate::config::options::{ChannelBinding, SocketOptions, TlsOptions, first};
use crate::error::ConfigError;

/// How to reach a PostgreSQL server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// Host names, addresses or socket directories with their ports, tried in this order. What begins with
    /// `/` is a socket directory, what begins with `@` a socket in Linux's abstract name space. IPv6
    /// addresses stand without brackets.
    pub hosts: Vec<(String, u16)>,
    /// libpq's `hostaddr`: the address to dial for each of `hosts` instead of asking the resolver; the host
    /// name still counts for TLS. Empty, or one entry for each host.
    pub addresses: Vec<Option<IpAddr>>,
    /// The role.
    pub user: String,
    /// Its password.
    pub password: Option<SecretString>,
    /// The database; by default named like the role.
    pub database: String,
    /// Shown in `pg_stat_activity`; default `steadfast`.
    pub application_name: String,
    /// The `options` start-up parameter (`-c statement_timeout=5s`).
    pub options: Option<String>,
    /// Which kind of server is wanted among several hosts.
    pub target_session: TargetSession,
    /// Socket options.
    pub socket: SocketOptions,
    /// TLS.
    pub tls: TlsOptions,
    /// Whether authentication is tied to the TLS connection.
    pub channel_binding: ChannelBinding,
    /// Prepared statements kept for each connection; 0 behind a transaction pooler that forgets them; default
    /// 128: more distinct statements than most applications have, each about a kilobyte on the server.
    pub statement_cache: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            hosts: vec![("localhost".to_owned(), 5432)],
            addresses: Vec::new(),
            user: "postgres".to_owned(),
            password: None,
            database: "postgres".to_owned(),
            application_name: "steadfast".to_owned(),
            options: None,
            target_session: TargetSession::Any,
            socket: SocketOptions::default(),
            tls: TlsOptions::default(),
            channel_binding: ChannelBinding::Prefer,
            statement_cache: 128,
        }
    }
}

impl PostgresOptions {
    /// Checks that the options make sense together and can be sent to a server.
    ///
    /// # Errors
    /// Names the first option that does not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        first(self.problems())
    }

    /// Everything that does not make sense or cannot be sent.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigError> {
        let mut problems = self.host_problems();
        problems.extend(self.text_problems());
        problems.extend(self.socket.problems());
        problems.extend(self.tls.problems(self.channel_binding));
        problems
    }

    fn host_problems(&self) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        let mut refuse = |field: &str, problem: String, accepted: &str| {
            problems.push(ConfigError::new(field, problem, accepted));
        };
        if self.hosts.is_empty() {
            refuse("postgres.host", "there is none".into(), "at least one host is needed");
        }
        if self.hosts.iter().any(|(host, _)| host.is_empty()) {
            refuse(
                "postgres.host",
                "a host is empty".into(),
                "accepted are names, addresses and socket directories",
            );
        }
        if self.hosts.iter().any(|(host, _)| host.chars().any(char::is_control)) {
            let accepted = "accepted are names, addresses and socket directories";
            refuse("postgres.host", "it contains a control character".into(), accepted);
        }
        if self.hosts.iter().any(|(_, port)| *port == 0) {
            refuse("postgres.port", "0 is not a port".into(), "accepted are 1 to 65535");
        }
        if !self.addresses.is_empty() && self.addresses.len() != self.hosts.len() {
            let problem = format!("{} addresses for {} hosts", self.addresses.len(), self.hosts.len());
            refuse("postgres.hostaddr", problem, "accepted is none, or one for each host");
        }
        problems
    }

    fn text_problems(&self) -> Vec<ConfigError> {
        let password = self.password.as_ref().map_or("", |password| password.expose_secret());
        let mut problems = Vec::new();
        for (field, text, may_be_empty) in [
            ("postgres.user", self.user.as_str(), false),
            ("postgres.dbname", self.database.as_str(), false),
            ("postgres.password", password, true),
            ("postgres.application_name", self.application_name.as_str(), true),
            ("postgres.options", self.options.as_deref().unwrap_or_default(), true),
        ] {
            let problem = if text.contains('\0') {
                "it contains a NUL character, which PostgreSQL's protocol cannot carry"
            } else if text.is_empty() && !may_be_empty {
                "it is empty"
            } else {
                continue;
            };
            let accepted =
                if may_be_empty { "accepted is text without NUL" } else { "accepted is a name without NUL" };
            problems.push(ConfigError::new(field, problem, accepted));
        }
        problems
    }
}

/// libpq's `target_session_attrs`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TargetSession {
    /// Whichever answers.
    #[default]
    Any,
    /// One that accepts writes by default.
    ReadWrite,
    /// One that does not.
    ReadOnly,
    /// One that is not in recovery.
    Primary,
    /// One that is in recovery.
    Standby,
    /// A standby if there is one, else any.
    PreferStandby,
}
