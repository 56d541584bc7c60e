//! Data that the database refuses.

use super::says;
use crate::client::Client::{Asyncpg, Psycopg2, Server, SqlAlchemy, Sqlite, Steadfast};
use crate::entry::Entry;
use crate::layer::Layer;

const STATEMENT: Entry = Entry::in_layer(Layer::Statement);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "unique-violation",
        title: "A row with this value exists already",
        codes: &["23505"],
        wordings: &[
            says(Server, "duplicate key value violates unique constraint \"*\""),
            says(Server, "could not create unique index"),
            says(Asyncpg, "UniqueViolationError"),
            says(Psycopg2, "UniqueViolation"),
            says(Sqlite, "UNIQUE constraint failed: *"),
            says(Steadfast, "a row with this value exists already"),
        ],
        happened: "A unique constraint or primary key refused the row.",
        causes: &[
            "somebody else was faster, or the same request came twice",
            "a write was repeated after its acknowledgement had been lost: the row is the own one",
            "a sequence is behind its table after a restore",
        ],
        remedies: &[
            "Use INSERT .. ON CONFLICT, or answer with a conflict.",
            "After a restore: `SELECT setval(pg_get_serial_sequence('t', 'id'), max(id)) FROM t`.",
        ],
        steadfast: "Never repeats a write whose COMMIT may have been applied, so that it does not meet its own row.",
        related: &["outcome-unknown", "foreign-key-violation"],
        ..STATEMENT
    },
    Entry {
        id: "foreign-key-violation",
        title: "A row that is referred to is missing or still needed",
        codes: &["23503"],
        wordings: &[
            says(Server, "violates foreign key constraint \"*\""),
            says(Asyncpg, "ForeignKeyViolationError"),
            says(Psycopg2, "ForeignKeyViolation"),
            says(Sqlite, "FOREIGN KEY constraint failed"),
            says(Steadfast, "the row that is referred to does not exist, or is still referred to"),
        ],
        happened: "A foreign key refused the change.",
        causes: &[
            "the row was deleted meanwhile, or is not stored yet",
            "others still refer to the row that is to be deleted",
        ],
        remedies: &["Store parents before children; decide on ON DELETE CASCADE or RESTRICT."],
        steadfast: "Passes it on, with the constraint's name.",
        related: &["unique-violation"],
        ..STATEMENT
    },
    Entry {
        id: "not-null-violation",
        title: "A column that must have a value got none",
        codes: &["23502"],
        wordings: &[
            says(Server, "null value in column \"*\" violates not-null constraint"),
            says(Server, "null value in column \"*\" of relation \"*\" violates not-null constraint"),
            says(Asyncpg, "NotNullViolationError"),
            says(Psycopg2, "NotNullViolation"),
            says(Sqlite, "NOT NULL constraint failed: *"),
            says(Steadfast, "a column that must have a value got none"),
        ],
        happened: "NULL was to be stored where NOT NULL stands.",
        causes: &[
            "a field is missing in the input",
            "a new column without a default, and old code that does not know it",
        ],
        remedies: &["Check the input; give new columns a default."],
        steadfast: "Passes it on, with the column's name.",
        related: &["check-violation"],
        ..STATEMENT
    },
    Entry {
        id: "check-violation",
        title: "A check refused the value",
        codes: &["23514", "23P01", "23"],
        wordings: &[
            says(Server, "violates check constraint \"*\""),
            says(Server, "conflicting key value violates exclusion constraint"),
            says(Server, "no partition of relation \"*\" found for row"),
            says(Asyncpg, "CheckViolationError"),
            says(Psycopg2, "CheckViolation"),
            says(SqlAlchemy, "sqlalchemy.exc.IntegrityError"),
            says(Sqlite, "CHECK constraint failed"),
            says(Sqlite, "SQLITE_CONSTRAINT"),
            says(Steadfast, "a check constraint refused the value"),
            says(Steadfast, "an exclusion constraint refused the value"),
            says(Steadfast, "a constraint refused the change"),
        ],
        happened: "A rule of the table refused the row.",
        causes: &[
            "a value out of its range, or a period that overlaps another",
            "a partition that does not exist yet",
        ],
        remedies: &[
            "The constraint's name leads to its rule: `SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint`.",
        ],
        steadfast: "Passes it on, with the constraint's name.",
        related: &["unique-violation", "value-does-not-fit"],
        ..STATEMENT
    },
    Entry {
        id: "value-does-not-fit",
        title: "A value does not fit its type",
        codes: &["22", "22P02", "22001", "22003", "22012", "22021"],
        wordings: &[
            says(Server, "invalid input syntax for type *"),
            says(Server, "value too long for type"),
            says(Server, "out of range for type"),
            says(Server, "integer out of range"),
            says(Server, "division by zero"),
            says(Server, "invalid byte sequence for encoding"),
            says(Server, "unsupported Unicode escape sequence"),
            says(Asyncpg, "DataError"),
            says(Sqlite, "datatype mismatch"),
            says(Sqlite, "SQLITE_MISMATCH"),
            says(Steadfast, "a value does not fit: the message names it"),
            says(Steadfast, "the column takes only values of its own type"),
        ],
        happened: "The text, number or bytes are not a value of the column's type.",
        causes: &[
            "input that nobody checked",
            "a NUL character in text, which PostgreSQL cannot store",
            "text in another encoding",
        ],
        remedies: &["Check the input before it is stored; the message names the value's type."],
        steadfast: "Passes it on; the connection stays good.",
        related: &["parameters-do-not-fit"],
        ..STATEMENT
    },
];
