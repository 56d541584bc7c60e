//! The conformance suite, for SQLite over a file and in memory.
#![cfg(feature = "sqlite")]
#![cfg(test)]

#[path = "conformance/suite.rs"]
mod suite;

use std::path::PathBuf;

use steadfast::config::{SqliteLocation, SqliteOptions};
use steadfast::sqlite::SqliteConnector;
use suite::Subject;

/// Counts to ten thousand millions: minutes.
macro_rules! slow {
    ($what:literal) => {
        concat!(
            "WITH RECURSIVE counted (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < 10000000000) ",
            "SELECT ", $what, " FROM counted"
        )
    };
}

/// A database file in a directory of its own.
#[derive(Debug)]
struct File {
    connector: SqliteConnector,
    directory: PathBuf,
}

impl Subject for File {
    type Connector = SqliteConnector;
    const SLOW_QUERY: &'static str = slow!("count(*)");
    const SLOW_INSERT: &'static str = concat!("INSERT INTO numbers ", slow!("666 + 0 * count(*)"));
    const EMAIL_CONSTRAINT: &'static str = "people.email";
    const UNIQUE_CODE: &'static str = "SQLITE_CONSTRAINT_UNIQUE";

    async fn start() -> Self {
        let directory = std::env::temp_dir().join(format!("steadfast-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&directory).expect("makes a directory");
        let mut options = SqliteOptions::default();
        options.location = SqliteLocation::File(directory.join("data.sqlite3"));
        Self { connector: SqliteConnector::new(options).expect("is configured"), directory }
    }

    fn connector(&self) -> &SqliteConnector {
        &self.connector
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

/// A database in memory.
#[derive(Debug)]
struct Memory {
    connector: SqliteConnector,
}

impl Subject for Memory {
    type Connector = SqliteConnector;
    const SLOW_QUERY: &'static str = File::SLOW_QUERY;
    const SLOW_INSERT: &'static str = File::SLOW_INSERT;
    const EMAIL_CONSTRAINT: &'static str = File::EMAIL_CONSTRAINT;
    const UNIQUE_CODE: &'static str = File::UNIQUE_CODE;

    async fn start() -> Self {
        let mut options = SqliteOptions::default();
        options.location = SqliteLocation::Memory;
        Self { connector: SqliteConnector::new(options).expect("is configured") }
    }

    fn connector(&self) -> &SqliteConnector {
        &self.connector
    }
}

mod file {
    use super::*;

    conformance!(File);
}

mod memory {
    use super::*;

    conformance!(Memory);
}
