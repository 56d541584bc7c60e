//! The schema is set up once, however many start at the same moment.

use steadfast::config::Config;
use steadfast::sql::TransactionOptions;
use steadfast::time::{Duration, Instant};
use steadfast::{Database, Error, params};
use steadfast_service::{SchemaError, ensure_schema};

/// How many steps the schema has.
const VERSIONS: usize = 2;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[cfg(test)]
async fn rows(database: &Database, sql: &str) -> usize {
    database.query(sql, &[], Some(soon())).await.unwrap().len()
}

#[cfg(test)]
async fn run(database: &Database, sql: &'static str) {
    let options = TransactionOptions::default();
    database.transaction(options, Some(soon()), |tx| async move { tx.batch(sql).await }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_workers_on_one_file_set_it_up_once() {
    let file = std::env::temp_dir().join(format!("steadfast-schema-{}.sqlite3", std::process::id()));
    let url = format!("sqlite:///{}", file.display());
    // Each worker has a pool of its own, as processes do.
    let workers = (0..8).map(|_| {
        let database = Database::open(&Config::from_url(&url).unwrap()).unwrap();
        async move { ensure_schema(&database, soon()).await.map(|()| database) }
    });
    let databases = futures_util::future::try_join_all(workers).await.unwrap();
    assert_eq!(rows(&databases[0], "SELECT version FROM steadfast_schema").await, VERSIONS);
    for database in databases {
        database.close(soon()).await;
    }
    for ending in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{ending}", file.display())));
    }
}

#[tokio::test]
async fn doing_it_again_changes_nothing() {
    let database = Database::open(&Config::sqlite_memory()).unwrap();
    ensure_schema(&database, soon()).await.unwrap();
    let at = params!["a", "a@b.c"];
    let insert = "INSERT INTO users (username, email) VALUES ($1, $2)";
    let stored: Result<u64, Error> = database
        .transaction(TransactionOptions::default(), Some(soon()), |tx| {
            let at = at.clone();
            async move { tx.execute(insert, &at).await }
        })
        .await;
    assert_eq!(stored.unwrap(), 1);
    ensure_schema(&database, soon()).await.unwrap();
    assert_eq!(rows(&database, "SELECT id FROM users WHERE created_at IS NOT NULL").await, 1);
    assert_eq!(rows(&database, "SELECT version FROM steadfast_schema").await, VERSIONS);
}

#[tokio::test]
async fn a_table_of_users_that_fits_is_adopted() {
    let database = Database::open(&Config::sqlite_memory()).unwrap();
    run(
        &database,
        "CREATE TABLE users (id integer PRIMARY KEY, username text UNIQUE, email text UNIQUE, created_at text, \
         updated_at text, extra text); INSERT INTO users (username, email) VALUES ('old', 'old@b.c')",
    )
    .await;
    ensure_schema(&database, soon()).await.unwrap();
    assert_eq!(rows(&database, "SELECT id FROM users").await, 1);
}

#[tokio::test]
async fn a_table_of_somebody_else_is_refused_and_left_alone() {
    let database = Database::open(&Config::sqlite_memory()).unwrap();
    run(&database, "CREATE TABLE users (id integer PRIMARY KEY, login text)").await;
    let error = ensure_schema(&database, soon()).await.unwrap_err();
    assert!(matches!(error, SchemaError::ForeignTable { table: "users", .. }), "{error}");
    assert!(error.to_string().contains("username, email, created_at, updated_at"), "{error}");
    assert!(!error.is_transient());
    assert_eq!(rows(&database, "SELECT 1 FROM sqlite_schema WHERE name = 'steadfast_schema'").await, 0);
}

#[tokio::test]
async fn a_schema_of_a_newer_version_is_used_as_it_is() {
    let database = Database::open(&Config::sqlite_memory()).unwrap();
    ensure_schema(&database, soon()).await.unwrap();
    run(&database, "INSERT INTO steadfast_schema (version) VALUES (99)").await;
    ensure_schema(&database, soon()).await.unwrap();
}
