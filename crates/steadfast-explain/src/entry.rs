//! The terms of the catalogue.

use std::fmt;

/// One kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its name for people, programs and links; never changes: `connection-refused`.
    pub id: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Where it happens.
    pub layer: Layer,
    /// The SQLSTATEs that come with it; two characters stand for a whole class of them. Others may share them.
    pub codes: &'static [&'static str],
    /// How clients put it.
    pub wordings: &'static [Wording],
    /// What its words say about the cause.
    pub role: Role,
    /// What happened.
    pub happened: &'static str,
    /// What usually causes it, the likeliest first.
    pub causes: &'static [&'static str],
    /// What to do about it, in this order.
    pub remedies: &'static [&'static str],
    /// Whether trying again helps.
    pub retry: Retry,
    /// What steadfast does about it by itself.
    pub steadfast: &'static str,
    /// Other entries that are worth a look.
    pub related: &'static [&'static str],
}

/// How one client puts it. In the text, `*` stands for what varies: names, numbers, addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wording {
    /// Who says it.
    pub client: Client,
    /// What it says.
    pub text: &'static str,
}

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

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Client {
    /// The PostgreSQL server; every client passes these words on.
    Server,
    /// libpq, and with it `psql`, psycopg, Ruby's `pg`, PHP and many more.
    Libpq,
    /// psycopg2.
    Psycopg2,
    /// psycopg 3.
    Psycopg3,
    /// SQLAlchemy.
    SqlAlchemy,
    /// asyncpg.
    Asyncpg,
    /// Python's own words around all of them.
    Python,
    /// tokio-postgres.
    TokioPostgres,
    /// sqlx.
    Sqlx,
    /// rustls, beneath tokio-postgres, sqlx and steadfast.
    Rustls,
    /// pgJDBC, and HikariCP above it.
    Jdbc,
    /// node-postgres, and Node.js beneath it.
    NodePostgres,
    /// pgx and `lib/pq`.
    Go,
    /// PgBouncer.
    PgBouncer,
    /// Supavisor.
    Supavisor,
    /// Neon's proxy.
    Neon,
    /// SQLite and its bindings.
    Sqlite,
    /// gunicorn.
    Gunicorn,
    /// The operating system.
    System,
    /// steadfast.
    Steadfast,
}

/// What the words of an entry say about the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Role {
    /// They follow from an earlier failure, which is worth more.
    Aftermath,
    /// They tell that something ended, and not why.
    Symptom,
    /// They name the failure itself.
    Cause,
}

/// Whether trying again helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// It will fail again until somebody changes something.
    Never,
    /// Later, with growing pauses.
    Backoff,
    /// Over a fresh connection, unless COMMIT had been sent: then its outcome must be looked up first.
    ResolveCommit,
    /// The whole transaction, from its start.
    Transaction,
    /// The question does not arise.
    NotApplicable,
}

impl Entry {
    /// What entries leave out when they have nothing to say.
    pub(crate) const fn in_layer(layer: Layer) -> Self {
        Self {
            id: "",
            title: "",
            layer,
            codes: &[],
            wordings: &[],
            role: Role::Cause,
            happened: "",
            causes: &[],
            remedies: &[],
            retry: Retry::Never,
            steadfast: "",
            related: &[],
        }
    }
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

impl Client {
    /// Its name as it writes it itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "PostgreSQL",
            Self::Libpq => "libpq",
            Self::Psycopg2 => "psycopg2",
            Self::Psycopg3 => "psycopg",
            Self::SqlAlchemy => "SQLAlchemy",
            Self::Asyncpg => "asyncpg",
            Self::Python => "Python",
            Self::TokioPostgres => "tokio-postgres",
            Self::Sqlx => "sqlx",
            Self::Rustls => "rustls",
            Self::Jdbc => "JDBC",
            Self::NodePostgres => "node-postgres",
            Self::Go => "Go",
            Self::PgBouncer => "PgBouncer",
            Self::Supavisor => "Supavisor",
            Self::Neon => "Neon",
            Self::Sqlite => "SQLite",
            Self::Gunicorn => "gunicorn",
            Self::System => "the operating system",
            Self::Steadfast => "steadfast",
        }
    }
}

impl Role {
    /// One lower-case word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aftermath => "aftermath",
            Self::Symptom => "symptom",
            Self::Cause => "cause",
        }
    }
}

impl Retry {
    /// One lower-case word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Backoff => "backoff",
            Self::ResolveCommit => "resolve-commit",
            Self::Transaction => "transaction",
            Self::NotApplicable => "not-applicable",
        }
    }

    /// A sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Never => "No: it fails in the same way until something is changed.",
            Self::Backoff => "Yes, later: nothing was applied; try again with growing pauses.",
            Self::ResolveCommit => {
                "Yes, over a fresh connection, as long as COMMIT had not been sent. If it had, find out \
                 whether it was applied before anything is repeated."
            }
            Self::Transaction => {
                "Yes: roll back and run the whole transaction again, not its last statement alone."
            }
            Self::NotApplicable => "The question does not arise.",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
