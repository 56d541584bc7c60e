//! A look into a SQLite file, on a thread where it may block.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use steadfast::config::SqliteLocation;

use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::shown::shown;
use crate::story;

/// The file; `None` for a database in memory.
pub(super) fn path(context: &Context) -> Option<PathBuf> {
    let SqliteLocation::File(path) = &context.sqlite()?.location else { return None };
    Some(path.clone())
}

/// How long a look waits for somebody else's lock.
pub(super) const PATIENCE: Duration = Duration::from_millis(250);

/// Opens the file for reading.
///
/// With rights to write where they are to be had, although nothing is written: whoever closes a file in WAL mode without
/// them leaves the files of the log behind.
pub(super) fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    // What a transaction that was cut off has left is rolled back by the next who may write: not by us.
    let connection = if beside(path, "-journal") == 0 { writable(path).ok() } else { None };
    let connection = match connection {
        Some(connection) => connection,
        None => opened(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
    };
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Opens it for writing, but makes nothing.
pub(super) fn writable(path: &Path) -> rusqlite::Result<Connection> {
    opened(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

fn opened(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let has_log = beside(path, "-wal") > 0;
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    // The last one to close would otherwise write the log back into the file. Without one there is nothing to write,
    // and the empty files go.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log)?;
    Ok(connection)
}

/// The size of a file that SQLite keeps beside the database; 0 when it is not there.
fn beside(path: &Path, ending: &str) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    std::fs::metadata(PathBuf::from(name)).map_or(0, |found| found.len())
}

/// Runs a look on a thread where it may block.
pub(super) async fn blocking<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(look).await.ok()
}

/// What went wrong, in words.
pub(super) fn problem(error: &rusqlite::Error, context: &Context) -> Problem {
    let said = context.shown(&error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Problem::failure(
            "the file is no SQLite database, or it is encrypted",
            "correct the path; if it once was a database, restore it from a backup",
        )
        .explained(story::SQLITE_CORRUPT),
        Some(ErrorCode::DatabaseCorrupt) => Problem::failure(
            shown!("the file is damaged: ", said),
            "stop writing, copy it with its -wal and -shm files, then try `sqlite3 FILE .recover`, or restore a backup",
        )
        .explained(story::SQLITE_CORRUPT),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Problem::warning(
            shown!("somebody else holds a lock on the file for longer than ", PATIENCE),
            "find the process (fuser, lsof) that writes for so long; keep write transactions short",
        )
        .explained(story::SQLITE_BUSY),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => Problem::failure(
            shown!("the file cannot be opened: ", said),
            "let the user of this program read and write the file and its directory: WAL needs two more files beside it",
        )
        .explained(story::SQLITE_CANNOT_OPEN),
        _ => Problem::failure(said, "look at the disk, and at the file system that the file is on"),
    }
}

/// A look that failed.
pub(super) fn failed(error: &rusqlite::Error, context: &Context) -> Outcome {
    Outcome::of(problem(error, context))
}
