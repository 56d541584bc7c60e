//! What a user is.

use jiff::Timestamp;
use serde::Serialize;
use steadfast::Error;
use steadfast::sql::Row;

/// A user as it is stored and sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct User {
    /// Given by the database; never used again.
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl User {
    /// Reads a user from a row with all of the columns.
    pub(crate) fn of(mut row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.take("id")?,
            username: row.take("username")?,
            email: row.take("email")?,
            created_at: row.take("created_at")?,
            updated_at: row.take("updated_at")?,
        })
    }
}

/// What a client gives for a user: valid, and in the spelling that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewUser {
    pub(crate) username: String,
    pub(crate) email: String,
}

/// What a client wants to change of a user; at least one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserPatch {
    pub(crate) username: Option<String>,
    pub(crate) email: Option<String>,
}
