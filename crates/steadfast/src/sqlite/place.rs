//! Opening a database and bringing the connection into its initial state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::config::{SqliteLocation, SqliteOptions};
use crate::error::Fault;
use crate::sqlite::cancel::{Cancel, on_busy};
use crate::sqlite::fault::from_sqlite;
use crate::sqlite::household::Household;
use crate::sqlite::notes::Notes;
use crate::verdict::{Class, Step};

/// The largest value and the largest row. SQLite's own limit, 1 GB, would let one row take the process's memory.
const MAX_VALUE_BYTES: i32 = 64 << 20;
/// The longest statement.
const MAX_SQL_BYTES: i32 = 16 << 20;
/// To what size the write-ahead log is cut after a checkpoint, so that one large transaction does not occupy
/// its space for ever.
const WAL_KEPT_BYTES: i32 = 64 << 20;
/// Statements kept prepared on each connection, as many as on a PostgreSQL connection.
const PREPARED_STATEMENTS: usize = 128;
/// VDBE instructions between two looks at whether the statement is still wanted: some ten microseconds.
const STEPS_BETWEEN_LOOKS: i32 = 1000;

/// Where the database is, and what its connections share.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) options: SqliteOptions,
    pub(super) household: Arc<Household>,
}

/// A connection in its initial state.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) identity: Option<Identity>,
}

/// What tells a file from another one of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Place {
    /// Opens a connection. Blocks; waits for other processes no longer than `busy_timeout`.
    pub(super) fn open(&self, cancel: &Arc<Cancel>, notes: &Notes) -> Result<Opened, Fault> {
        let mut opening = self.household.opening.lock();
        let connection = match &self.options.location {
            SqliteLocation::File(path) => open_file(path, opening.seen)?,
            SqliteLocation::Memory => {
                if opening.anchor.is_none() {
                    opening.anchor = Some(self.open_memory()?);
                }
                self.open_memory()?
            }
        };
        self.prepare(&connection, cancel).map_err(|error| self.explain(Step::Startup, &error))?;
        if connection.is_readonly(rusqlite::MAIN_DB).map_err(|error| self.explain(Step::Startup, &error))? {
            return Err(self.read_only());
        }
        opening.seen = true;
        // Listened to only now: what is done above is the initial state, not a change of it.
        notes.listen(&connection).map_err(|error| self.explain(Step::Startup, &error))?;
        Ok(Opened { identity: self.identity(), connection })
    }

    /// Which file is at the path now; `None` when there is none, and for a database in memory.
    pub(super) fn identity(&self) -> Option<Identity> {
        match &self.options.location {
            SqliteLocation::File(path) => identity(path),
            SqliteLocation::Memory => None,
        }
    }

    /// The fault of a database whose file is not the one that was opened.
    pub(super) fn replaced(&self, now: Option<Identity>) -> Fault {
        let happened = if now.is_some() { "replaced by another file" } else { "deleted or moved away" };
        Fault::new(
            Class::ConnectionLost,
            Step::Ping,
            format!("the database file {} was {happened} while it was open", self.name()),
        )
        .with_remedy("stop this program before a database file is moved or restored, together with its -wal and -shm files")
    }

    /// `memdb` rather than a shared cache: its locks are those of a file, so that `busy_timeout` is honoured.
    /// With a shared cache a reader that meets a writer fails at once with SQLITE_LOCKED.
    fn open_memory(&self) -> Result<Connection, Fault> {
        let uri = format!("file:/{}?vfs=memdb", self.household.memory_name);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(uri, flags).map_err(|error| self.explain(Step::Dial, &error))
    }

    /// Settings of every connection.
    fn prepare(&self, connection: &Connection, cancel: &Arc<Cancel>) -> rusqlite::Result<()> {
        connection.busy_handler(Some(on_busy))?;
        let asked = Arc::clone(cancel);
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || asked.is_asked()))?;
        connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)?;
        connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_SQL_BYTES)?;
        // A schema that somebody else prepared must not run functions with side effects, nor may a statement
        // damage the file; and "name" is a column or an error, never silently text.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        connection.execute_batch("PRAGMA foreign_keys = ON")?;
        if let SqliteLocation::Memory = self.options.location {
            // The rest concerns files, and would wait for whoever is writing to memory now.
            return Ok(());
        }
        use_wal(connection)?;
        connection.execute_batch("PRAGMA synchronous = NORMAL")?;
        connection.pragma_update_and_check(None, "journal_size_limit", WAL_KEPT_BYTES, |_| Ok(()))
    }

    fn name(&self) -> String {
        match &self.options.location {
            SqliteLocation::File(path) => path.display().to_string(),
            SqliteLocation::Memory => "in memory".to_owned(),
        }
    }

    fn read_only(&self) -> Fault {
        Fault::new(
            Class::Permanent,
            Step::Startup,
            format!("the database file {} can only be read", self.name()),
        )
        .with_code("SQLITE_READONLY")
        .with_remedy("make the file and its directory writable for this user, or mount the volume read-write")
    }

    fn explain(&self, step: Step, error: &rusqlite::Error) -> Fault {
        if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) {
            return self.read_only();
        }
        explain(step, &self.name(), error)
    }
}

fn open_file(path: &Path, seen: bool) -> Result<Connection, Fault> {
    // Without URI: a path is a path, also when it begins with "file:" or holds a question mark.
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if !seen {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    Connection::open_with_flags(plain(path), flags).map_err(|error| {
        let name = path.display();
        let fault = |class, summary, remedy: &'static str| {
            Fault::new(class, Step::Dial, summary).with_code("SQLITE_CANTOPEN").with_remedy(remedy)
        };
        if error.sqlite_error_code() != Some(ErrorCode::CannotOpen) {
            return explain(Step::Dial, &name.to_string(), &error);
        }
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        match directory {
            Some(directory) if !directory.is_dir() => fault(
                Class::Permanent,
                format!("the directory {} of the database file does not exist", directory.display()),
                "create the directory, or name another file in DATABASE_URL",
            ),
            _ if path.is_dir() => fault(
                Class::Permanent,
                format!("{name} is a directory, not a database file"),
                "name a file in that directory in DATABASE_URL",
            ),
            _ if seen && !path.exists() => fault(
                Class::Unreachable,
                format!("the database file {name} was there and is gone"),
                "put it back; or restart this program, which then creates an empty one",
            ),
            _ => fault(
                Class::Permanent,
                format!("the database file {name} cannot be opened or created"),
                "give this user permission to read and write the file and its directory",
            ),
        }
    })
}

/// A relative path that SQLite cannot mistake for one of its special names (`:memory:`, the empty one).
fn plain(path: &Path) -> PathBuf {
    if path.is_absolute() { path.to_owned() } else { Path::new(".").join(path) }
}

fn explain(step: Step, name: &str, error: &rusqlite::Error) -> Fault {
    let plain = from_sqlite(step, error);
    let mut fault = Fault::new(plain.class(), step, format!("{}: the database {name}", plain.summary()));
    if let Some(code) = plain.code() {
        fault = fault.with_code(code);
    }
    match plain.remedy() {
        Some(remedy) => fault.with_remedy(remedy),
        None => fault,
    }
}

/// Switches the file to write-ahead logging, which lets readers go on beside a writer. The switch is in the
/// file, so that only the first connection ever has to make it. SQLite does not call the busy handler for it.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let mode = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    if mode("PRAGMA journal_mode")?.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    let mut tries = 0;
    loop {
        match mode("PRAGMA journal_mode = WAL") {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => {
                tracing::warn!(mode, "no write-ahead log on this file system: readers wait for the writer");
                return Ok(());
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && on_busy(tries) => {
                tries += 1
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    // Asked by name: opening and closing the file would release the locks that SQLite holds on it.
    let metadata = std::fs::metadata(path).ok()?;
    Some(Identity { device: metadata.dev(), inode: metadata.ino() })
}

/// Elsewhere an open file can be neither deleted nor replaced.
#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|_| Identity { device: 0, inode: 0 })
}
