//! Who puts a failure into words.

use std::fmt;

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

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
