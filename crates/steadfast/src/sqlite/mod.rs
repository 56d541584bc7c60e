//! SQLite: the same rules as for a server, kept over a file.
//!
//! Each connection lives on an operating-system thread of its own, since SQLite blocks. What a caller holds
//! is a handle that sends it commands; the thread ends when the handle is dropped.
//!
//! # What is the same as on PostgreSQL
//! All that [`SqlConnection`](crate::sql::SqlConnection) promises, though SQLite alone would go on after a
//! failed statement and apply half a batch. Text with a NUL character and floating-point values that are not
//! numbers are refused: the first cannot be stored by PostgreSQL, the second would silently become NULL.
//!
//! # What differs
//! - A violated unique constraint is named by its columns (`users.email`, several joined by `, `; an index
//!   on an expression as `index 'name'`), where PostgreSQL gives the constraint's name (`users_email_key`).
//!   CHECK gives its name, NOT NULL the column, FOREIGN KEY nothing.
//! - [`Fault::code`](crate::Fault::code) is SQLite's own, as in `SQLITE_CONSTRAINT_UNIQUE`.
//! - Isolation is always serializable; writers queue, one at a time, each from the start of its transaction.
//! - Over a file, readers and the writer do not wait for each other. In memory there is no write-ahead log: a
//!   reader waits up to `busy_timeout` for an open writing transaction to end, and a commit for its readers.
//! - A timestamp is text in UTC with six digits after the second, so that text order is order in time.
//!   Columns declared `BOOLEAN`, `TIMESTAMP..`, `DATETIME` and `UUID` are read as such; an expression, and
//!   what `RETURNING` gives, has no declared type and is read as what is stored.
//! - A value is at most 64 MiB, a statement 16 MiB; SQLite counts a whole row against the first.

mod cancel;
mod command;
mod connection;
mod connector;
mod fault;
mod gate;
mod household;
mod names;
mod notes;
mod place;
mod statement;
mod status;
mod values;
mod worker;

pub use connection::SqliteConnection;
pub use connector::SqliteConnector;

/// The version of SQLite that is compiled in.
#[must_use]
pub fn version() -> &'static str {
    rusqlite::version()
}
