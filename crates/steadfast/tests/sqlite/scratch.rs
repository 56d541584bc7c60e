//! A directory for one test, and connections to what is in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use steadfast::Fault;
use steadfast::config::{SqliteLocation, SqliteOptions};
use steadfast::connector::{Alarm, Connector as _};
use steadfast::sql::{SqlConnection as _, Value};
use steadfast::sqlite::{SqliteConnection, SqliteConnector};

/// A directory that is removed with the test.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("steadfast-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).expect("makes a directory");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A connector to `data.sqlite3`, which waits this long for locks of others.
    pub(crate) fn connector(&self, busy_timeout: Duration) -> SqliteConnector {
        connector(&self.path("data.sqlite3"), busy_timeout)
    }

    /// A connection that the connector knows nothing of, as another process would have it.
    pub(crate) fn outsider(&self) -> rusqlite::Connection {
        let outsider = rusqlite::Connection::open(self.path("data.sqlite3")).expect("opens");
        outsider.busy_timeout(Duration::ZERO).expect("is set");
        outsider
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub(crate) fn connector(path: &Path, busy_timeout: Duration) -> SqliteConnector {
    let mut options = SqliteOptions::default();
    options.location = SqliteLocation::File(path.to_owned());
    options.busy_timeout = busy_timeout;
    SqliteConnector::new(options).expect("is configured")
}

pub(crate) async fn connect(connector: &SqliteConnector) -> SqliteConnection {
    connector.connect(Alarm::silent()).await.expect("connects")
}

pub(crate) async fn fault_of_connecting(connector: &SqliteConnector) -> Fault {
    connector.connect(Alarm::silent()).await.expect_err("cannot connect")
}

pub(crate) async fn number(connection: &mut SqliteConnection, sql: &str) -> i64 {
    let rows = connection.query(sql, &[]).await.expect("reads");
    match rows.first().expect("gives a row").values() {
        [Value::Int(number)] => *number,
        other => panic!("not one number: {other:?}"),
    }
}
