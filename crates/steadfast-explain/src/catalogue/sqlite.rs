//! SQLite.

use super::says;
use crate::client::Client::{Sqlite, Steadfast};
use crate::entry::{Entry, Retry};
use crate::layer::Layer;

const SQLITE: Entry = Entry::in_layer(Layer::Sqlite);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "sqlite-busy",
        title: "The SQLite database is locked",
        wordings: &[
            says(Sqlite, "database is locked"),
            says(Sqlite, "SQLITE_BUSY"),
            says(Sqlite, "database table is locked"),
            says(Sqlite, "SQLITE_LOCKED"),
            says(Sqlite, "database schema is locked"),
            says(Sqlite, "locking protocol"),
            says(Sqlite, "SQLITE_PROTOCOL"),
            says(Sqlite, "SQLITE_SCHEMA"),
            says(Sqlite, "database schema has changed"),
            says(Steadfast, "another process writes for longer than busy_timeout"),
            says(Steadfast, "another process holds the database locked"),
            says(Steadfast, "another statement uses the table"),
            says(Steadfast, "too many processes raced for the lock"),
            says(Steadfast, "the schema changed meanwhile"),
            says(Steadfast, "another transaction of this process has been writing for 30 s"),
        ],
        retry: Retry::Transaction,
        happened: "SQLite has one writer at a time, and another one held the lock for longer than was waited.",
        causes: &[
            "a long transaction in another process, or a tool that has the file open",
            "a read that becomes a write in the middle of its transaction",
            "the file is on a network file system",
        ],
        remedies: &[
            "Find the holder: `fuser steadfast.sqlite3`. Keep writing transactions short, and begin them with BEGIN IMMEDIATE.",
            "Switch to WAL and wait longer (`PRAGMA journal_mode=WAL`, sqlite.busy_timeout).",
            "For many writers use PostgreSQL.",
        ],
        steadfast: "Uses WAL, immediate transactions and one fair queue of writers; a transaction that lost the race is run again.",
        related: &["sqlite-read-only", "sqlite-io-error"],
        ..SQLITE
    },
    Entry {
        id: "sqlite-cannot-open",
        title: "The SQLite file cannot be opened",
        wordings: &[
            says(Sqlite, "unable to open database file"),
            says(Sqlite, "SQLITE_CANTOPEN"),
            says(Sqlite, "SQLITE_PERM"),
            says(Sqlite, "access permission denied"),
            says(Steadfast, "of the database file does not exist"),
            says(Steadfast, "give this user permission to read and write the"),
            says(Steadfast, "is a directory, not a database file"),
            says(Steadfast, "the database file * cannot be opened or created"),
            says(Steadfast, "check that the directory exists and that this user may write there"),
            says(Steadfast, "it names no file, and a database in memory is gone with the process"),
        ],
        happened: "The file, or the directory in which it is to be created, is not there or not accessible.",
        causes: &[
            "a relative path, and another working directory",
            "the volume is not mounted, or belongs to another user",
            "the number of slashes: sqlite:///x is relative for SQLAlchemy, sqlite:////x absolute",
        ],
        remedies: &[
            "Create the directory, and let this user write there: SQLite needs the directory too, for its journal.",
        ],
        steadfast: "Says what exactly is missing: the directory, the file, or the right.",
        related: &["sqlite-read-only"],
        ..SQLITE
    },
    Entry {
        id: "sqlite-read-only",
        title: "The SQLite file can only be read",
        wordings: &[
            says(Sqlite, "attempt to write a readonly database"),
            says(Sqlite, "SQLITE_READONLY"),
            says(Steadfast, "the database file * can only be read"),
            says(Steadfast, "make the file and its directory writable for this user"),
            says(Steadfast, "the database file was moved or replaced while it was open"),
            says(Steadfast, "the database file * while it was open"),
            says(Steadfast, "the database file * was there and is gone"),
            says(Steadfast, "run it in a transaction with read-write access"),
        ],
        happened: "A write met a file, a directory or a mount that takes none; or the file was replaced while it was open.",
        causes: &[
            "the file or its directory belongs to another user",
            "a read-only mount or image",
            "somebody moved or replaced the file under a running program",
        ],
        remedies: &[
            "`ls -ld` file and directory; `mount | grep` the volume. Restart the program after replacing the file.",
        ],
        steadfast: "Notices a file that was moved or replaced, and does not write into the void.",
        related: &["sqlite-cannot-open"],
        ..SQLITE
    },
    Entry {
        id: "sqlite-disk-full",
        title: "No room for the SQLite file",
        wordings: &[
            says(Sqlite, "database or disk is full"),
            says(Sqlite, "SQLITE_FULL"),
            says(Sqlite, "large file support is disabled"),
            says(Sqlite, "SQLITE_NOLFS"),
            says(Steadfast, "free space on the volume of the database"),
            says(Steadfast, "keep the database on a file system that takes large files"),
        ],
        happened: "The volume is full, or a quota or max_page_count is reached.",
        causes: &["data or the write-ahead log grew", "another program filled the volume"],
        remedies: &["Free space. A large `-wal` file shrinks by `PRAGMA wal_checkpoint(TRUNCATE)`."],
        steadfast: "Rolls the transaction back; nothing of it is stored.",
        related: &["sqlite-io-error"],
        ..SQLITE
    },
    Entry {
        id: "sqlite-corrupt",
        title: "The file is damaged, or no SQLite database",
        wordings: &[
            says(Sqlite, "database disk image is malformed"),
            says(Sqlite, "SQLITE_CORRUPT"),
            says(Sqlite, "file is not a database"),
            says(Sqlite, "SQLITE_NOTADB"),
            says(Sqlite, "SQLITE_FORMAT"),
            says(Sqlite, "SQLITE_EMPTY"),
            says(Sqlite, "malformed database schema"),
            says(Steadfast, "run PRAGMA integrity_check"),
            says(Steadfast, "the file is not an SQLite database, or is encrypted"),
        ],
        happened: "The bytes of the file do not make sense.",
        causes: &[
            "the file was copied while it was written, or without its -wal file",
            "another kind of file, or an encrypted one, is named in DATABASE_URL",
            "two machines wrote to it over a network file system",
        ],
        remedies: &[
            "Copy it before anything else. `sqlite3 FILE '.recover' | sqlite3 new.sqlite3`, or restore a backup.",
            "Make backups by `VACUUM INTO` or `.backup`.",
        ],
        steadfast: "Stops using it, and says which of the two it is.",
        related: &["sqlite-io-error"],
        ..SQLITE
    },
    Entry {
        id: "sqlite-io-error",
        title: "The disk failed under SQLite",
        wordings: &[
            says(Sqlite, "disk I/O error"),
            says(Sqlite, "SQLITE_IOERR"),
            says(Sqlite, "SQLITE_NOTFOUND"),
            says(Sqlite, "SQLITE_NOMEM"),
            says(Sqlite, "SQLITE_INTERNAL"),
            says(Sqlite, "SQLITE_MISUSE"),
            says(Sqlite, "bad parameter or other API misuse"),
            says(Steadfast, "check the disk and the system log; SQLite needs a local file system"),
            says(Steadfast, "the file system lacks an operation that SQLite needs"),
            says(Steadfast, "give the process more memory, or read fewer rows at once"),
            says(Steadfast, "this is a defect of SQLite"),
            says(Steadfast, "this is a defect of steadfast"),
            says(Steadfast, "the thread of this SQLite connection has ended"),
            says(Steadfast, "the system gave no thread for a SQLite connection"),
        ],
        retry: Retry::Backoff,
        happened: "Reading, writing or locking the file failed in the operating system, or memory ran out.",
        causes: &[
            "a network file system without proper locks",
            "a failing disk, or a volume that was detached",
            "no memory",
        ],
        remedies: &["Look at the system's log. Keep the file on a local disk."],
        steadfast: "Drops the connection and opens another.",
        related: &["sqlite-disk-full", "sqlite-corrupt"],
        ..SQLITE
    },
    Entry {
        id: "sqlite-interrupted",
        title: "A statement on SQLite was interrupted",
        wordings: &[
            says(Sqlite, "SQLITE_INTERRUPT"),
            says(Sqlite, "sqlite3.OperationalError: interrupted"),
            says(Sqlite, "SQLITE_ABORT"),
            says(Sqlite, "SQLITE_TOOBIG"),
            says(Sqlite, "string or blob too big"),
            says(Sqlite, "SQLITE_AUTH"),
            says(Steadfast, "the statement is not allowed here"),
            says(Sqlite, "SQLITE_RANGE"),
            says(Steadfast, "a row may take 64 MiB and a statement 16 MiB"),
        ],
        happened: "The statement was ended before it was done: its caller went away, its time was over, or it exceeds a limit.",
        causes: &["a request that was cancelled or timed out", "a row or statement larger than the limits"],
        remedies: &["Give it more time, or make it smaller."],
        steadfast: "Interrupts the statement of a caller who has gone, rolls back, and hands the connection on.",
        related: &["statement-cancelled"],
        ..SQLITE
    },
];
