//! What stands before the first colon decides which database is meant.

use crate::config::nearest::nearest;
use crate::config::url::{Backend, Refusal};

/// A scheme that is known, and what follows its colon.
pub(super) struct Scheme<'a> {
    pub(super) backend: Backend,
    /// Whether a `+driver` was named, as SQLAlchemy does.
    pub(super) has_driver: bool,
    pub(super) rest: &'a str,
    pub(super) repair: Option<String>,
}

const ACCEPTED: &str = "accepted: postgres://user:password@host:5432/database and sqlite:file.sqlite3";

/// Reads the scheme.
pub(super) fn read(text: &str) -> Result<Scheme<'_>, Refusal> {
    let is_scheme = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'))
    };
    let Some((written, rest)) = text.split_once(':').filter(|(name, _)| is_scheme(name)) else {
        return Err(without_scheme(text));
    };
    let lower = written.to_ascii_lowercase();
    let (name, driver) = lower.split_once('+').map_or((lower.as_str(), None), |(name, d)| (name, Some(d)));
    let backend = match name {
        "postgres" | "postgresql" => Backend::Postgres,
        "sqlite" | "sqlite3" => Backend::Sqlite,
        "file" if driver.is_none() => Backend::Sqlite,
        _ => return Err(unknown(&lower, rest)),
    };
    if driver == Some("") {
        return Err(Refusal::new("scheme", "it ends with `+` and names no driver", ACCEPTED));
    }
    if backend == Backend::Postgres && !rest.starts_with("//") {
        return Err(Refusal::new("scheme", "two slashes must follow its colon", ACCEPTED));
    }
    let repair = if driver.is_some() {
        Some(format!("ignored the driver's name in the scheme: {name} is enough"))
    } else if lower != written {
        Some("read the scheme in lower case".to_owned())
    } else if matches!(name, "sqlite3" | "file") {
        Some(format!("read the scheme {name} as sqlite"))
    } else {
        None
    };
    Ok(Scheme { backend, has_driver: driver.is_some(), rest, repair })
}

/// Nothing before the first colon that could be a scheme. What there is may be a password: it is not shown.
fn without_scheme(text: &str) -> Refusal {
    let keywords = ["host=", "dbname=", "user=", "server=", "data source=", "username="];
    let lower = text.to_ascii_lowercase();
    let problem = if keywords.iter().any(|keyword| lower.contains(keyword)) {
        "this is a list of keywords and values, not a URL"
    } else if lower.starts_with("//") || text.contains('@') {
        "the scheme is missing: put postgres: or postgres:// before it"
    } else {
        "there is no scheme (what stands before the first colon)"
    };
    Refusal::new("scheme", problem, ACCEPTED)
}

/// A scheme of somebody else. Shown only when `//` follows: else it may be the name before a password.
fn unknown(scheme: &str, rest: &str) -> Refusal {
    let (family, _) = scheme.split_once('+').unwrap_or((scheme, ""));
    let problem = match family {
        "http" | "https" => {
            "this is the address of a web page or an API; copy the connection string from the database's page"
        }
        "jdbc" => "this is a JDBC address: leave out `jdbc:`, and put user:password@ before the host",
        "mysql" | "mariadb" | "mysql2" => {
            "this is a MySQL database, and steadfast speaks PostgreSQL and SQLite"
        }
        "redis" | "rediss" | "valkey" => {
            "this is a Redis server; is the variable of another service in its place?"
        }
        "mongodb" => "this is a MongoDB server, and steadfast speaks PostgreSQL and SQLite",
        "mssql" | "sqlserver" | "oracle" | "libsql" | "duckdb" | "clickhouse" => {
            "this is another kind of database, and steadfast speaks PostgreSQL and SQLite"
        }
        "prisma" => {
            "this is the address of Prisma's proxy, which does not speak PostgreSQL; use the direct URL"
        }
        "amqp" | "amqps" | "kafka" | "s3" | "ftp" | "ssh" | "smtp" => "this is not the address of a database",
        "tcp" | "udp" => {
            "this is the address of a container's port; what is missing is postgres://user:password@"
        }
        "postgis" | "pgsql" | "psql" | "pg" | "redshift" | "cockroachdb" | "cockroach" | "timescaledb" => {
            "only one library knows this name; if the server speaks PostgreSQL's protocol, write postgres://"
        }
        _ => return nobodys(scheme, rest),
    };
    Refusal::new("scheme", problem, ACCEPTED)
}

fn nobodys(scheme: &str, rest: &str) -> Refusal {
    let near = nearest(scheme, ["postgres", "postgresql", "sqlite"].into_iter());
    let meant = near.first().map(|name| format!(" (did you mean {name}?)")).unwrap_or_default();
    let problem = if rest.starts_with("//") && scheme.len() <= 20 {
        format!("`{scheme}` is not known{meant}")
    } else if rest.contains('@') {
        "what stands before the first colon is not known as a scheme; put postgres:// before it".to_owned()
    } else {
        format!("what stands before the first colon is not known as a scheme{meant}")
    };
    Refusal::new("scheme", problem, ACCEPTED)
}
