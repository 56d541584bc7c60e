//! Where a failure happens.

use std::fmt;

/// Where in the chain from the application to its data a failure happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Layer {
    /// Variables and files that say which database it is.
    Environment,
    /// The URL itself.
    Url,
    /// From name to address.
    Dns,
    /// From address to socket.
    Tcp,
    /// Something else than PostgreSQL answers.
    Peer,
    /// Encryption and certificates.
    Tls,
    /// Who may come in.
    Authentication,
    /// The server's state and configuration.
    Server,
    /// Slots, memory and disk.
    Capacity,
    /// What stands between: PgBouncer, Supavisor, the platforms' proxies.
    Pooler,
    /// A connection that worked and is gone.
    Connection,
    /// Transactions: conflicts, clean-up, outcome.
    Transaction,
    /// A statement that the server refuses.
    Statement,
    /// The application's own use of its connections.
    Application,
    /// SQLite.
    Sqlite,
}

impl Layer {
    /// All layers, in the order in which a connection passes them.
    pub const ALL: [Self; 15] = [
        Self::Environment,
        Self::Url,
        Self::Dns,
        Self::Tcp,
        Self::Peer,
        Self::Tls,
        Self::Authentication,
        Self::Server,
        Self::Capacity,
        Self::Pooler,
        Self::Connection,
        Self::Transaction,
        Self::Statement,
        Self::Application,
        Self::Sqlite,
    ];

    /// One lower-case word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Url => "url",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Peer => "peer",
            Self::Tls => "tls",
            Self::Authentication => "authentication",
            Self::Server => "server",
            Self::Capacity => "capacity",
            Self::Pooler => "pooler",
            Self::Connection => "connection",
            Self::Transaction => "transaction",
            Self::Statement => "statement",
            Self::Application => "application",
            Self::Sqlite => "sqlite",
        }
    }

    /// A heading for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Environment => "Environment: which database is meant",
            Self::Url => "URL: what it says and how it is read",
            Self::Dns => "DNS: from name to address",
            Self::Tcp => "TCP: from address to socket",
            Self::Peer => "Peer: something else answers",
            Self::Tls => "TLS: encryption and certificates",
            Self::Authentication => "Authentication: who may come in",
            Self::Server => "Server: its state and configuration",
            Self::Capacity => "Capacity: slots, memory and disk",
            Self::Pooler => "Pooler: PgBouncer, Supavisor, platform proxies",
            Self::Connection => "Connection: it worked and is gone",
            Self::Transaction => "Transaction: conflicts, clean-up, outcome",
            Self::Statement => "Statement: refused by the server",
            Self::Application => "Application: how it uses its connections",
            Self::Sqlite => "SQLite",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
