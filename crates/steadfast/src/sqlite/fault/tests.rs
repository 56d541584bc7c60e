use rusqlite::{Connection, Error, ErrorCode, ffi};

use super::{class, constraint, from_sqlite, remedy};
use crate::verdict::{Class, Step, Verdict};

/// One row: a result code, the code that `rusqlite` makes of it, and what it means while a statement runs.
const ROWS: [(i32, ErrorCode, Class); 24] = [
    (ffi::SQLITE_INTERNAL, ErrorCode::InternalMalfunction, Class::ConnectionLost),
    (ffi::SQLITE_PERM, ErrorCode::PermissionDenied, Class::Permanent),
    (ffi::SQLITE_ABORT_ROLLBACK, ErrorCode::OperationAborted, Class::RolledBack),
    (ffi::SQLITE_BUSY_SNAPSHOT, ErrorCode::DatabaseBusy, Class::Conflict),
    (ffi::SQLITE_LOCKED_SHAREDCACHE, ErrorCode::DatabaseLocked, Class::Conflict),
    (ffi::SQLITE_NOMEM, ErrorCode::OutOfMemory, Class::Unavailable),
    (ffi::SQLITE_READONLY_DIRECTORY, ErrorCode::ReadOnly, Class::Permanent),
    (ffi::SQLITE_INTERRUPT, ErrorCode::OperationInterrupted, Class::Timeout),
    (ffi::SQLITE_IOERR_FSYNC, ErrorCode::SystemIoFailure, Class::ConnectionLost),
    (ffi::SQLITE_CORRUPT, ErrorCode::DatabaseCorrupt, Class::Permanent),
    (ffi::SQLITE_NOTFOUND, ErrorCode::NotFound, Class::Permanent),
    (ffi::SQLITE_FULL, ErrorCode::DiskFull, Class::Permanent),
    (ffi::SQLITE_CANTOPEN_ISDIR, ErrorCode::CannotOpen, Class::Permanent),
    (ffi::SQLITE_PROTOCOL, ErrorCode::FileLockingProtocolFailed, Class::Conflict),
    (ffi::SQLITE_SCHEMA, ErrorCode::SchemaChanged, Class::Conflict),
    (ffi::SQLITE_TOOBIG, ErrorCode::TooBig, Class::Statement),
    (ffi::SQLITE_CONSTRAINT_UNIQUE, ErrorCode::ConstraintViolation, Class::Statement),
    (ffi::SQLITE_MISMATCH, ErrorCode::TypeMismatch, Class::Statement),
    (ffi::SQLITE_MISUSE, ErrorCode::ApiMisuse, Class::ConnectionLost),
    (ffi::SQLITE_NOLFS, ErrorCode::NoLargeFileSupport, Class::Permanent),
    (ffi::SQLITE_AUTH, ErrorCode::AuthorizationForStatementDenied, Class::Statement),
    (ffi::SQLITE_RANGE, ErrorCode::ParameterOutOfRange, Class::Statement),
    (ffi::SQLITE_NOTADB, ErrorCode::NotADatabase, Class::Permanent),
    (ffi::SQLITE_ERROR, ErrorCode::Unknown, Class::Statement),
];

#[test]
fn every_row_of_the_table_means_what_is_written_here() {
    for (code, expected_code, expected) in ROWS {
        let failure = ffi::Error::new(code);
        assert_eq!(failure.code, expected_code, "{code}");
        assert_eq!(class(failure, Step::Statement), expected, "{expected_code:?}");
    }
}

#[test]
fn whoever_can_do_something_is_told_what() {
    for (code, name, class) in ROWS {
        let told = remedy(ffi::Error::new(code), Step::Statement).is_some();
        let speaks_for_itself = matches!(
            name,
            ErrorCode::OperationInterrupted | ErrorCode::ConstraintViolation | ErrorCode::Unknown
        );
        assert!(told != speaks_for_itself, "{name:?} ({class:?})");
    }
}

#[test]
fn a_lock_while_connecting_is_a_database_that_cannot_serve_now() {
    let busy = ffi::Error::new(ffi::SQLITE_BUSY);
    assert_eq!(class(busy, Step::Dial), Class::Unavailable);
    assert_eq!(class(busy, Step::Startup), Class::Unavailable);
    assert_eq!(class(busy, Step::Commit), Class::Conflict);
}

#[test]
fn a_file_that_was_moved_is_a_lost_connection() {
    let moved = ffi::Error::new(ffi::SQLITE_READONLY_DBMOVED);
    assert_eq!(class(moved, Step::Statement), Class::ConnectionLost);
}

#[test]
fn a_violated_constraint_is_named() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE NOT NULL, a INT, b INT, UNIQUE (a, b),
                 CONSTRAINT small CHECK (a < 10));
             CREATE TABLE words (word TEXT); CREATE UNIQUE INDEX lowered ON words (lower(word));
             INSERT INTO words VALUES ('x');
             INSERT INTO users VALUES (1, 'x', 1, 1)",
        )
        .unwrap();
    for (sql, code, constraint) in [
        ("INSERT INTO users VALUES (2, 'x', 2, 2)", "SQLITE_CONSTRAINT_UNIQUE", Some("users.email")),
        ("INSERT INTO users VALUES (1, 'y', 2, 2)", "SQLITE_CONSTRAINT_PRIMARYKEY", Some("users.id")),
        ("INSERT INTO users VALUES (2, 'y', 1, 1)", "SQLITE_CONSTRAINT_UNIQUE", Some("users.a, users.b")),
        ("INSERT INTO words VALUES ('X')", "SQLITE_CONSTRAINT_UNIQUE", Some("index 'lowered'")),
        ("INSERT INTO users VALUES (2, NULL, 2, 2)", "SQLITE_CONSTRAINT_NOTNULL", Some("users.email")),
        ("INSERT INTO users VALUES (2, 'y', 10, 2)", "SQLITE_CONSTRAINT_CHECK", Some("small")),
    ] {
        let fault = from_sqlite(Step::Statement, &connection.execute(sql, []).unwrap_err());
        assert_eq!(fault.class(), Class::Statement, "{sql}");
        assert_eq!(fault.code(), Some(code), "{sql}");
        assert_eq!(fault.constraint(), constraint, "{sql}");
    }
}

#[test]
fn only_constraint_violations_name_a_constraint() {
    let full = ffi::Error::new(ffi::SQLITE_FULL);
    assert_eq!(constraint(full, "UNIQUE constraint failed: users.email"), None);
}

#[test]
fn a_wrong_statement_is_not_repeated_in_the_fault() {
    let connection = Connection::open_in_memory().unwrap();
    let error = connection.prepare("SELECT 'very secret', nowhere").unwrap_err();
    assert!(matches!(error, Error::SqlInputError { .. }));
    let fault = from_sqlite(Step::Statement, &error);
    let mut told = format!("{fault} {fault:?}");
    let mut source = std::error::Error::source(&fault);
    while let Some(error) = source {
        told.push_str(&format!("{error} {error:?}"));
        source = error.source();
    }
    assert!(told.contains("no such column: nowhere"), "{told}");
    assert!(!told.contains("secret"), "{told}");
    assert_eq!(fault.verdict(), Verdict::GiveUp);
}
