//! Opens SQLite connections and looks after them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::config::{ConfigError, SqliteLocation, SqliteOptions};
use crate::connector::{Alarm, Condition, Connector};
use crate::error::Fault;
use crate::sqlite::SqliteConnection;
use crate::sqlite::command::{Command, Reply};
use crate::sqlite::household::Household;
use crate::sqlite::place::Place;
use crate::sqlite::status::{Presence, Status};
use crate::sqlite::worker::Worker;
use crate::time::Duration;
use crate::verdict::{Class, Step};

/// `sqlite3_busy_timeout` counts milliseconds in 32 bits; an hour is beyond every use of it.
const LONGEST_BUSY_TIMEOUT: Duration = Duration::from_secs(3600);

/// Opens connections to one SQLite database, a file or memory.
///
/// All connections of one connector share a queue of writers, and a database in memory lives as long as the
/// connector. Two connectors on one file get along as two processes do, by SQLite's file locks.
#[derive(Debug)]
pub struct SqliteConnector {
    options: SqliteOptions,
    /// Short: looked at once for each connect, never held while anything is awaited or opened.
    household: Mutex<Arc<Household>>,
    threads_started: AtomicU64,
}

impl SqliteConnector {
    /// A connector for the database that the options name. Opens nothing yet.
    ///
    /// # Errors
    /// Names the option that cannot work.
    pub fn new(options: SqliteOptions) -> Result<Self, ConfigError> {
        if let SqliteLocation::File(path) = &options.location {
            let bytes = path.as_os_str().as_encoded_bytes();
            let accepted = "accepted is the path of a file, as in sqlite:///var/lib/app/data.sqlite3";
            if bytes.is_empty() {
                return Err(ConfigError::new("sqlite.location", "the path is empty", accepted));
            }
            if bytes.contains(&0) {
                return Err(ConfigError::new("sqlite.location", "the path holds a NUL character", accepted));
            }
        }
        if options.busy_timeout > LONGEST_BUSY_TIMEOUT {
            let problem = format!("{} s is longer than an hour", options.busy_timeout.as_secs());
            return Err(ConfigError::new("sqlite.busy_timeout", problem, "accepted are 0 to 3600s"));
        }
        Ok(Self { options, household: Mutex::new(Household::new()), threads_started: AtomicU64::new(0) })
    }

    /// What the connections share; a new one after a fork.
    fn household(&self) -> Arc<Household> {
        let mut household = self.household.lock();
        if !household.process.is_current() {
            let parents = std::mem::replace(&mut *household, Household::new());
            // Dropping it could close the parent's database in memory, and the files behind it.
            std::mem::forget(parents);
        }
        Arc::clone(&household)
    }
}

impl Connector for SqliteConnector {
    type Connection = SqliteConnection;

    /// Opens the database on a new thread.
    ///
    /// # Cancel safety
    /// The thread of a dropped call ends as soon as it has opened the file.
    async fn connect(&self, alarm: Alarm) -> Result<SqliteConnection, Fault> {
        let household = self.household();
        let status = Arc::new(Status::default());
        let (commands, received) = mpsc::channel();
        let (opened, answer) = oneshot::channel();
        let mut connection =
            SqliteConnection::new(commands, Arc::clone(&status), household.gate.clone(), answer);
        let place = Place { options: self.options.clone(), household };
        let number = self.threads_started.fetch_add(1, Ordering::Relaxed);
        thread::Builder::new()
            .name(format!("sqlite-{number}"))
            .spawn(move || live(place, status, alarm, opened, &received))
            .map_err(|error| {
                Fault::new(Class::Unavailable, Step::Dial, "the system gave no thread for a SQLite connection")
                    .with_remedy("raise the limit of threads (ulimit -u, the container's pids limit), or make the pool smaller")
                    .with_source(error)
            })?;
        connection.opened().await?;
        Ok(connection)
    }

    /// Asks the thread to read the first page, and to compare the file with the one that it opened.
    ///
    /// # Cancel safety
    /// The connection is dirty afterwards, as after every dropped call.
    async fn ping(&self, connection: &mut SqliteConnection) -> Result<(), Fault> {
        connection.ping().await
    }

    fn inspect(&self, connection: &SqliteConnection) -> Condition {
        connection.condition()
    }

    /// Interrupts, rolls back, and opens the database again when settings were changed.
    ///
    /// # Cancel safety
    /// The connection is dirty afterwards, and may be cleaned again.
    async fn clean(&self, connection: &mut SqliteConnection) -> Result<(), Fault> {
        connection.clean().await
    }

    /// Rolls back, lets SQLite optimize, and closes. When it returns, locks and descriptors are released.
    ///
    /// # Cancel safety
    /// The thread ends by itself all the same.
    async fn close(&self, connection: SqliteConnection) {
        connection.close().await;
    }

    /// The thread did not survive the fork, and only it may touch the files: SQLite forbids carrying a
    /// connection across. Forgetting the handle leaves descriptors and locks to the parent.
    fn abandon(&self, connection: SqliteConnection) {
        std::mem::forget(connection);
    }
}

/// The life of a connection's thread.
fn live(
    place: Place,
    status: Arc<Status>,
    alarm: Alarm,
    opened: oneshot::Sender<Result<Reply, Fault>>,
    commands: &mpsc::Receiver<Command>,
) {
    let _presence = Presence::new(Arc::clone(&status), alarm);
    match Worker::open(place, status) {
        Ok(worker) => {
            if opened.send(Ok(Reply::Done)).is_ok() {
                worker.work(commands);
            }
        }
        Err(fault) => drop(opened.send(Err(fault))),
    }
}
