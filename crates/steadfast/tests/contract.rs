//! Both connectors keep the contract between connectors and the pool: the suite of the test kit.
#![cfg(test)]
#![cfg(all(unix, feature = "postgres", feature = "sqlite"))]

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use steadfast::config::{BackendOptions, SqliteLocation, SqliteOptions};
use steadfast::connector::Connector;
use steadfast::postgres::{PostgresConnection, PostgresConnector};
use steadfast::sql::{SqlConnection, TransactionOptions};
use steadfast::sqlite::{SqliteConnection, SqliteConnector};
use steadfast::{Config, Fault};
use steadfast_test::Postgres;
use steadfast_test::conformance::{Subject, check};

struct OnPostgres {
    server: Postgres,
    connector: PostgresConnector,
}

impl Subject for OnPostgres {
    type Connector = PostgresConnector;

    async fn start() -> Self {
        let server = Postgres::start().await;
        let connector = to_postgres(&server.url());
        furnish(&connector).await;
        Self { server, connector }
    }

    fn connector(&self) -> &PostgresConnector {
        &self.connector
    }

    async fn work(&self, connection: &mut PostgresConnection) -> Result<(), Fault> {
        connection.query("SELECT 1", &[]).await.map(drop)
    }

    async fn soil(&self, connection: &mut PostgresConnection) {
        leave_open(connection).await;
    }

    async fn is_pristine(&self, connection: &mut PostgresConnection) -> bool {
        is_empty(connection).await
    }

    fn stay_busy(&self, connection: &mut PostgresConnection) -> Option<impl Future<Output = ()> + Send> {
        Some(async { drop(connection.query("SELECT 1 FROM pg_sleep(600)", &[]).await) })
    }

    async fn end_all(&self) -> bool {
        self.server.terminate_all_backends().await;
        true
    }

    async fn open(&self) -> Option<usize> {
        Some(self.server.all_backends().await.total)
    }

    fn to_nowhere() -> PostgresConnector {
        // The discard port, where nobody is.
        to_postgres("postgres://u@127.0.0.1:9/d")
    }
}

struct OnSqlite {
    connector: SqliteConnector,
    directory: PathBuf,
}

impl Subject for OnSqlite {
    type Connector = SqliteConnector;

    async fn start() -> Self {
        let directory = std::env::temp_dir().join(format!("steadfast-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&directory).unwrap();
        let connector = to_sqlite(directory.join("data.sqlite3"));
        furnish(&connector).await;
        Self { connector, directory }
    }

    fn connector(&self) -> &SqliteConnector {
        &self.connector
    }

    async fn work(&self, connection: &mut SqliteConnection) -> Result<(), Fault> {
        connection.query("SELECT 1", &[]).await.map(drop)
    }

    async fn soil(&self, connection: &mut SqliteConnection) {
        leave_open(connection).await;
    }

    async fn is_pristine(&self, connection: &mut SqliteConnection) -> bool {
        is_empty(connection).await
    }

    fn stay_busy(&self, connection: &mut SqliteConnection) -> Option<impl Future<Output = ()> + Send> {
        let slow = "WITH RECURSIVE counted (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < 10000000000)
                    SELECT count(*) FROM counted";
        Some(async { drop(connection.query(slow, &[]).await) })
    }

    async fn end_all(&self) -> bool {
        false
    }

    /// The threads of connections. Descriptors tell nothing: SQLite keeps some for the next connection, because closing
    /// one would drop the locks of all.
    async fn open(&self) -> Option<usize> {
        let threads = std::fs::read_dir("/proc/self/task").ok()?.flatten();
        let names = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok());
        Some(names.filter(|name| name.starts_with("sqlite-")).count())
    }

    fn to_nowhere() -> SqliteConnector {
        to_sqlite("/nowhere/at/all.sqlite3".into())
    }
}

impl Drop for OnSqlite {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

fn to_postgres(url: &str) -> PostgresConnector {
    let BackendOptions::Postgres(options) = Config::from_url(url).unwrap().backend else {
        panic!("the URL is PostgreSQL's");
    };
    PostgresConnector::new(*options, Duration::from_secs(10)).unwrap()
}

fn to_sqlite(path: PathBuf) -> SqliteConnector {
    let mut options = SqliteOptions::default();
    options.location = SqliteLocation::File(path);
    SqliteConnector::new(options).unwrap()
}

async fn furnish<C: Connector<Connection: SqlConnection>>(connector: &C) {
    let mut connection = connector.connect(steadfast::connector::Alarm::silent()).await.unwrap();
    connection.batch("CREATE TABLE marks (n BIGINT NOT NULL)").await.unwrap();
    connector.close(connection).await;
}

async fn leave_open(connection: &mut impl SqlConnection) {
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.execute("INSERT INTO marks (n) VALUES (1)", &[]).await.unwrap();
}

async fn is_empty(connection: &mut impl SqlConnection) -> bool {
    connection.query("SELECT n FROM marks", &[]).await.unwrap().is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_contract() {
    check::<OnPostgres>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    check::<OnSqlite>().await;
}
