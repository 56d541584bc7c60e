//! The conformance suite, for PostgreSQL with prepared statements and without.
#![cfg(test)]
#![cfg(all(unix, feature = "postgres"))]

#[path = "conformance/suite.rs"]
mod suite;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use steadfast::Config;
use steadfast::config::BackendOptions;
use steadfast::postgres::PostgresConnector;
use steadfast_test::Postgres;
use suite::Subject;
use tokio::sync::OnceCell;

/// Sleeps for minutes.
macro_rules! slow {
    ($what:literal) => {
        concat!("SELECT ", $what, " FROM (SELECT pg_sleep(600)) AS slept")
    };
}

/// One server for the whole binary; each subject gets a database of its own.
static SERVER: OnceCell<Postgres> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

async fn connector(statement_cache: usize) -> PostgresConnector {
    let server = SERVER.get_or_init(Postgres::start).await;
    let database = format!("subject_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    server.psql(&format!("CREATE DATABASE {database} OWNER steadfast")).await;
    let config = Config::from_url(&server.url()).expect("the kit's URL is understood");
    let BackendOptions::Postgres(mut options) = config.backend else {
        panic!("the kit's URL is PostgreSQL's");
    };
    options.database = database;
    options.statement_cache = statement_cache;
    PostgresConnector::new(*options, Duration::from_secs(10)).expect("is configured")
}

/// With prepared statements, as usual.
#[derive(Debug)]
struct Prepared(PostgresConnector);

impl Subject for Prepared {
    type Connector = PostgresConnector;
    const SLOW_QUERY: &'static str = slow!("count(*)");
    const SLOW_INSERT: &'static str = concat!("INSERT INTO numbers ", slow!("666"));
    const EMAIL_CONSTRAINT: &'static str = "people_email_key";
    const UNIQUE_CODE: &'static str = "23505";

    async fn start() -> Self {
        Self(connector(128).await)
    }

    fn connector(&self) -> &PostgresConnector {
        &self.0
    }
}

/// Without any, as behind a transaction pooler.
#[derive(Debug)]
struct Unprepared(PostgresConnector);

impl Subject for Unprepared {
    type Connector = PostgresConnector;
    const SLOW_QUERY: &'static str = Prepared::SLOW_QUERY;
    const SLOW_INSERT: &'static str = Prepared::SLOW_INSERT;
    const EMAIL_CONSTRAINT: &'static str = Prepared::EMAIL_CONSTRAINT;
    const UNIQUE_CODE: &'static str = Prepared::UNIQUE_CODE;

    async fn start() -> Self {
        Self(connector(0).await)
    }

    fn connector(&self) -> &PostgresConnector {
        &self.0
    }
}

mod prepared {
    use super::*;

    conformance!(Prepared);
}

mod unprepared {
    use super::*;

    conformance!(Unprepared);
}
