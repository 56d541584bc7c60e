//! What SQLite's result codes mean, as one table.

use rusqlite::{Error, ErrorCode, ffi};

use crate::error::Fault;
use crate::sqlite::names;
use crate::verdict::{Class, Step};

/// The code of faults that a failed transaction answers with, as PostgreSQL has it.
const FAILED_TRANSACTION: &str = "25P02";

/// The fault for an error of SQLite or of the crate around it, as seen in this step.
pub(super) fn from_sqlite(step: Step, error: &Error) -> Fault {
    // Never the error itself: one of its variants repeats the whole statement.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these two carry what SQLite said")]
    let (failure, said) = match error {
        Error::SqliteFailure(failure, Some(said)) => (*failure, said.clone()),
        Error::SqliteFailure(failure, None) => (*failure, ffi::code_to_str(failure.extended_code).to_owned()),
        Error::SqlInputError { error: failure, msg, .. } => (*failure, msg.clone()),
        _ => return Fault::new(Class::Statement, step, outside_sqlite(error)).with_code("SQLITE_MISUSE"),
    };
    let mut fault = Fault::new(class(failure, step), step, said.clone())
        .with_code(names::name(failure.extended_code))
        .with_source(failure);
    if let Some(remedy) = remedy(failure, step) {
        fault = fault.with_remedy(remedy);
    }
    match constraint(failure, &said) {
        Some(constraint) => fault.with_constraint(constraint),
        None => fault,
    }
}

/// The fault of a statement in a transaction that has failed before.
pub(super) fn refused_in_failed_transaction() -> Fault {
    Fault::new(
        Class::RolledBack,
        Step::Statement,
        "an earlier statement of this transaction failed, so that it can only be rolled back",
    )
    .with_code(FAILED_TRANSACTION)
    .with_remedy("look at the fault of the first statement that failed; roll back and begin again")
}

/// The fault of committing a transaction that has failed before.
pub(super) fn rolled_back_instead(cause: &str) -> Fault {
    Fault::new(
        Class::RolledBack,
        Step::Commit,
        format!("the transaction was rolled back instead, since {cause}"),
    )
    .with_code(FAILED_TRANSACTION)
    .with_remedy("handle the fault of the statement that failed; nothing of the transaction was applied")
}

/// The fault of something that this library refuses before SQLite sees it.
pub(super) fn refused(summary: impl Into<String>, remedy: &'static str) -> Fault {
    Fault::new(Class::Statement, Step::Statement, summary).with_code("SQLITE_MISUSE").with_remedy(remedy)
}

/// The fault of a write where only reading was allowed.
pub(super) fn refused_write(summary: &'static str) -> Fault {
    Fault::new(Class::Statement, Step::Statement, summary)
        .with_code("SQLITE_READONLY")
        .with_remedy("run it in a transaction with read-write access")
}

/// The fault of a connection whose thread is gone.
pub(super) fn thread_ended(step: Step) -> Fault {
    Fault::new(Class::ConnectionLost, step, "the thread of this SQLite connection has ended")
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other variants belong to calls that are not made here"
)]
fn outside_sqlite(error: &Error) -> &'static str {
    match error {
        Error::MultipleStatement => "more than one statement where one was expected",
        Error::NulError(_) => "a NUL character where SQLite cannot take one",
        Error::Utf8Error(..) => "text in the database that is not UTF-8",
        Error::InvalidPath(_) => "a path that SQLite cannot take",
        _ => "the statement cannot be run in this way",
    }
}

/// The table, first half: what is possible now. SQLite's descriptions: <https://sqlite.org/rescode.html>.
fn class(failure: ffi::Error, step: Step) -> Class {
    match failure.code {
        ErrorCode::DatabaseBusy if is_connecting(step) => Class::Unavailable,
        ErrorCode::ReadOnly if was_moved(failure) => Class::ConnectionLost,
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::SchemaChanged => Class::Conflict,
        ErrorCode::InternalMalfunction | ErrorCode::SystemIoFailure | ErrorCode::ApiMisuse => {
            Class::ConnectionLost
        }
        ErrorCode::PermissionDenied
        | ErrorCode::ReadOnly
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotFound
        | ErrorCode::DiskFull
        | ErrorCode::CannotOpen
        | ErrorCode::NoLargeFileSupport
        | ErrorCode::NotADatabase => Class::Permanent,
        ErrorCode::OperationAborted => Class::RolledBack,
        ErrorCode::OutOfMemory => Class::Unavailable,
        ErrorCode::OperationInterrupted => Class::Timeout,
        ErrorCode::TooBig
        | ErrorCode::ConstraintViolation
        | ErrorCode::TypeMismatch
        | ErrorCode::AuthorizationForStatementDenied
        | ErrorCode::ParameterOutOfRange
        | ErrorCode::Unknown => Class::Statement,
        // The enum is open. What a code of the future means, nobody has decided: not to be retried.
        _ => Class::Statement,
    }
}

/// The table, second half: what to do about it. One sentence without a final full stop.
fn remedy(failure: ffi::Error, step: Step) -> Option<&'static str> {
    Some(match failure.code {
        ErrorCode::DatabaseBusy if is_connecting(step) => {
            "another process holds the database locked; find it with `fuser`, or wait"
        }
        ErrorCode::ReadOnly if was_moved(failure) => {
            "the database file was moved or replaced while it was open"
        }
        ErrorCode::DatabaseBusy => {
            "another process writes for longer than busy_timeout; shorten its transactions or raise the timeout"
        }
        ErrorCode::DatabaseLocked => "another statement uses the table; run the transaction again",
        ErrorCode::FileLockingProtocolFailed => "too many processes raced for the lock; try again",
        ErrorCode::SchemaChanged => "the schema changed meanwhile; run the transaction again",
        ErrorCode::InternalMalfunction => {
            "this is a defect of SQLite; run PRAGMA integrity_check and report it"
        }
        ErrorCode::SystemIoFailure => "check the disk and the system log; SQLite needs a local file system",
        ErrorCode::ApiMisuse => "this is a defect of steadfast; please report it",
        ErrorCode::PermissionDenied => "give this user permission to read and write the database file",
        ErrorCode::ReadOnly => {
            "make the file and its directory writable for this user, or mount the volume read-write"
        }
        ErrorCode::DatabaseCorrupt => {
            "run PRAGMA integrity_check; restore a backup, or salvage with `sqlite3 FILE .recover`"
        }
        ErrorCode::NotFound => "the file system lacks an operation that SQLite needs; use a local one",
        ErrorCode::DiskFull => "free space on the volume of the database, or raise its quota",
        ErrorCode::CannotOpen => "check that the directory exists and that this user may write there",
        ErrorCode::NoLargeFileSupport => "keep the database on a file system that takes large files",
        ErrorCode::NotADatabase => {
            "the file is not an SQLite database, or is encrypted; name another file in DATABASE_URL"
        }
        ErrorCode::OperationAborted => "run the transaction again",
        ErrorCode::OutOfMemory => "give the process more memory, or read fewer rows at once",
        ErrorCode::TooBig => "a row may take 64 MiB and a statement 16 MiB",
        ErrorCode::TypeMismatch => "the column takes only values of its own type",
        ErrorCode::AuthorizationForStatementDenied => "the statement is not allowed here",
        ErrorCode::ParameterOutOfRange => "SQLite takes 32766 parameters in a statement",
        // What was said says it all.
        ErrorCode::OperationInterrupted | ErrorCode::ConstraintViolation | ErrorCode::Unknown => return None,
        _ => return None,
    })
}

fn is_connecting(step: Step) -> bool {
    matches!(step, Step::Dial | Step::Startup)
}

fn was_moved(failure: ffi::Error) -> bool {
    failure.extended_code == ffi::SQLITE_READONLY_DBMOVED
}

/// What SQLite says about the violated constraint: `UNIQUE constraint failed: users.email`.
fn constraint(failure: ffi::Error, said: &str) -> Option<&str> {
    if failure.code != ErrorCode::ConstraintViolation {
        return None;
    }
    said.split_once("constraint failed: ").map(|(_, constraint)| constraint)
}

#[cfg(test)]
mod tests;
