//! The options themselves, with their defaults. Each default's reason stands in `config::table`.

use secrecy::SecretString;

use crate::error::ConfigError;
use crate::time::Duration;

/// How a pool behaves.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PoolOptions {
    /// Connections kept open under load; default 5.
    pub size: usize,
    /// Connections beyond `size`, opened under load and retired when idle; default 10.
    pub max_overflow: usize,
    /// How long `acquire` waits; default 30 s.
    pub acquire_timeout: Duration,
    /// Name resolution, TCP, TLS and authentication together; default 10 s.
    pub connect_timeout: Duration,
    /// The greatest age of a connection; default 240 s. `None`: no limit.
    pub recycle: Option<Duration>,
    /// How long a connection beyond `min_idle` stays open unused; default 120 s. `None`: no limit.
    pub idle_timeout: Option<Duration>,
    /// Idle connections that the keeper keeps open; default 0, so that an unused pool falls silent.
    pub min_idle: usize,
    /// When a connection is verified before it is leased; default after one second of idleness.
    pub pre_ping: PrePing,
    /// How long a ping may take; default 800 ms.
    pub ping_timeout: Duration,
    /// How long the clean-up of a returned connection may take; default 2 s.
    pub clean_timeout: Duration,
    /// How long saying goodbye to one connection may take; default 1 s.
    pub close_timeout: Duration,
    /// Pings idle connections this often, so that the path does not forget them; default off.
    pub keepalive_ping: Option<Duration>,
    /// Callers that may wait at the same time; default 10 000.
    pub max_waiters: usize,
    /// Remembers who holds each connection; default off.
    pub leak_tracking: bool,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            size: 5,
            max_overflow: 10,
            acquire_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            recycle: Some(Duration::from_secs(240)),
            idle_timeout: Some(Duration::from_secs(120)),
            min_idle: 0,
            pre_ping: PrePing::AfterIdle(Duration::from_secs(1)),
            ping_timeout: Duration::from_millis(800),
            clean_timeout: Duration::from_secs(2),
            close_timeout: Duration::from_secs(1),
            keepalive_ping: None,
            max_waiters: 10_000,
            leak_tracking: false,
        }
    }
}

impl PoolOptions {
    /// The most connections that the pool may hold.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.size.saturating_add(self.max_overflow)
    }

    /// Checks that the options make sense together.
    ///
    /// # Errors
    /// Names the first option that does not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let refuse = |field: &str, problem: String, accepted: &str| {
            Err(ConfigError::new(format!("pool.{field}"), problem, accepted))
        };
        if self.capacity() == 0 {
            return refuse(
                "size",
                "0 with max_overflow 0 leaves no connection".into(),
                "at least one is needed",
            );
        }
        if self.capacity() > MAX_CAPACITY {
            let problem = format!("size + max_overflow is {}", self.capacity());
            return refuse("size", problem, "accepted are together 1 to 100000");
        }
        if self.min_idle > self.size {
            let problem = format!("{} is more than size {}", self.min_idle, self.size);
            return refuse("min_idle", problem, "accepted are 0 to size");
        }
        for (field, value) in [
            ("acquire_timeout", Some(self.acquire_timeout)),
            ("connect_timeout", Some(self.connect_timeout)),
            ("ping_timeout", Some(self.ping_timeout)),
            ("clean_timeout", Some(self.clean_timeout)),
            ("close_timeout", Some(self.close_timeout)),
            ("recycle", self.recycle),
            ("idle_timeout", self.idle_timeout),
            ("keepalive_ping", self.keepalive_ping),
        ] {
            if value == Some(Duration::ZERO) {
                return refuse(
                    field,
                    "0 is not a duration that anything can finish in".into(),
                    "accepted are 1ms and more",
                );
            }
        }
        if self.max_waiters == 0 {
            return refuse(
                "max_waiters",
                "0 would refuse everybody who has to wait".into(),
                "accepted are 1 and more",
            );
        }
        Ok(())
    }
}

/// Beyond this a pool is a mistake: no PostgreSQL server accepts as many connections.
const MAX_CAPACITY: usize = 100_000;

/// When a connection is verified before it is leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrePing {
    /// Before every lease.
    Always,
    /// When it was idle for longer than this, or is suspect.
    AfterIdle(Duration),
    /// Only when it is suspect.
    Never,
}

/// How to reach a PostgreSQL server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// Host names, addresses or socket directories with their ports, tried in this order.
    pub hosts: Vec<(String, u16)>,
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
    /// Prepared statements kept for each connection; 0 behind a transaction pooler that forgets them; default 128.
    pub statement_cache: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            hosts: vec![("localhost".to_owned(), 5432)],
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

/// TCP settings of a PostgreSQL connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketOptions {
    /// Whether the kernel probes an idle connection; default on.
    pub keepalives: bool,
    /// Idle time before the first probe; default 20 s.
    pub keepalives_idle: Duration,
    /// Time between probes; default 10 s.
    pub keepalives_interval: Duration,
    /// Probes without an answer until the connection is given up; default 5.
    pub keepalives_count: u32,
    /// How long sent data may stay unacknowledged; default 10 s. Keepalives do not fire while any is.
    pub tcp_user_timeout: Option<Duration>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            keepalives: true,
            keepalives_idle: Duration::from_secs(20),
            keepalives_interval: Duration::from_secs(10),
            keepalives_count: 5,
            tcp_user_timeout: Some(Duration::from_secs(10)),
        }
    }
}

/// TLS settings, with libpq's meanings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsOptions {
    /// What is required of the connection; default `prefer`.
    pub mode: SslMode,
    /// A PEM file of trusted roots, or the word `system`.
    pub root_cert: Option<String>,
    /// A PEM file with our certificate chain.
    pub client_cert: Option<String>,
    /// A PEM file with our key.
    pub client_key: Option<String>,
    /// SHA-256 of the server's public key (SubjectPublicKeyInfo); accepted instead of a trusted chain.
    pub pin: Option<[u8; 32]>,
    /// Start with the TLS handshake, without asking first (`sslnegotiation=direct`, PostgreSQL 17).
    pub direct: bool,
}

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// Without TLS first, with it when the server insists.
    Allow,
    /// With TLS when the server offers it; the certificate is not checked.
    #[default]
    Prefer,
    /// Only with TLS; the certificate is checked only when a root is configured.
    Require,
    /// Only with TLS and a certificate from a trusted root.
    VerifyCa,
    /// The same, and the certificate names the host.
    VerifyFull,
}

/// libpq's `channel_binding`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// When server and TLS offer it.
    #[default]
    Prefer,
    /// Only with it.
    Require,
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

/// Where and how SQLite keeps its data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// The file, or memory.
    pub location: SqliteLocation,
    /// How long a statement waits for another process's lock; default 5 s.
    pub busy_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            location: SqliteLocation::File("steadfast.sqlite3".into()),
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// Where SQLite keeps its data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqliteLocation {
    /// A file, made when it is not there.
    File(std::path::PathBuf),
    /// One database in memory, shared by all connections of the pool and gone with it.
    Memory,
}
