//! Units of work and sessions, on both databases, one fear per file.
#![cfg(test)]
#![cfg(all(unix, feature = "postgres", feature = "sqlite"))]
#![expect(clippy::disallowed_methods, reason = "tests start tasks as an application would")]

mod ending;
mod futures;
mod reachable;
mod replay;
mod sessions;
mod standby;
mod statements;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::event::{Event, Observer};
use steadfast::{Config, Database, Error};
use steadfast_test::Postgres;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// Nothing here takes longer, except when it is broken.
const SOON: Duration = Duration::from_secs(20);

static SERVER: OnceCell<Postgres> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

async fn server() -> &'static Postgres {
    SERVER.get_or_init(Postgres::start).await
}

/// A database with an empty table `numbers`, and what it takes to look at it.
struct Scene {
    database: Database,
    events: Arc<Events>,
    /// A statement that takes minutes.
    slow: &'static str,
    file: Option<PathBuf>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            for end in ["", "-wal", "-shm"] {
                let _not_there = std::fs::remove_file(format!("{}{end}", file.display()));
            }
        }
    }
}

impl Scene {
    /// One of each kind.
    async fn both() -> [Self; 2] {
        [Self::sqlite().await, Self::postgres().await]
    }

    async fn sqlite() -> Self {
        let file = std::env::temp_dir().join(format!("steadfast-{}.sqlite3", uuid::Uuid::new_v4()));
        let slow = "WITH RECURSIVE counted (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted \
                    WHERE i < 10000000000) SELECT count(*) FROM counted";
        let (database, events) = open(&format!("sqlite:///{}", file.display()));
        Self { database, events, slow, file: Some(file) }.furnished().await
    }

    async fn postgres() -> Self {
        let server = server().await;
        let name = format!("scene_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        server.psql(&format!("CREATE DATABASE {name} OWNER steadfast")).await;
        let url = in_database(&server.url(), &name);
        Self::at(&url, &name).await
    }

    /// On a server of the test's own, or by way of a relay.
    async fn at(url: &str, name: &str) -> Self {
        let (database, events) = open(&format!("{url}?application_name={name}"));
        Self { database, events, slow: "SELECT pg_sleep(600)", file: None }.furnished().await
    }

    async fn furnished(self) -> Self {
        let made: Result<(), Error> = self
            .database
            .transaction(steadfast::sql::TransactionOptions::default(), None, async |tx| {
                tx.execute("CREATE TABLE numbers (n BIGINT NOT NULL)", &[]).await.map(drop)
            })
            .await;
        made.unwrap();
        self
    }

    async fn numbers(&self) -> Vec<i64> {
        let rows = self.database.query("SELECT n FROM numbers ORDER BY n", &[], soon()).await.unwrap();
        rows.iter().map(|row| row.at(0).unwrap()).collect()
    }

    /// Nothing is held and nothing is open.
    async fn is_at_rest(&self) -> bool {
        let status = self.database.status();
        status.leased == 0 && status.cleaning == 0
    }
}

/// The kit's URL, for another database.
fn in_database(url: &str, name: &str) -> String {
    format!("{}/{name}", url.strip_suffix("/steadfast").unwrap())
}

fn open(url: &str) -> (Database, Arc<Events>) {
    let events = Arc::new(Events::default());
    let config = Config::from_url(url).unwrap();
    let database = Database::open_observed(&config, vec![Arc::clone(&events) as Arc<dyn Observer>]).unwrap();
    (database, events)
}

#[expect(clippy::unnecessary_wraps, reason = "the form in which deadlines are given")]
fn soon() -> Option<Instant> {
    Some(Instant::now() + SOON)
}

/// Everything that has happened.
#[derive(Debug, Default)]
struct Events(Mutex<Vec<Event>>);

impl Observer for Events {
    fn observe(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Events {
    /// The codes of the faults for which work was tried again, and how long that waited.
    fn retries(&self) -> Vec<(String, Duration)> {
        let of = |event: &Event| {
            let Event::Retried { fault, delay, .. } = event else { return None };
            Some((fault.code().unwrap_or_default().to_owned(), *delay))
        };
        self.0.lock().unwrap().iter().filter_map(of).collect()
    }

    /// What the outcomes of COMMITs were that were not answered.
    fn outcomes(&self) -> Vec<&'static str> {
        let of = |event: &Event| {
            let Event::OutcomeResolved { outcome, .. } = event else { return None };
            Some(outcome.name())
        };
        self.0.lock().unwrap().iter().filter_map(of).collect()
    }
}

/// An application's own error.
#[derive(Debug)]
enum Own {
    Refused(&'static str),
    #[expect(dead_code, reason = "shown when a test fails")]
    Database(Error),
}

impl From<Error> for Own {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}
