//! How users are stored: the same statements on PostgreSQL and on SQLite.

use jiff::Timestamp;
use steadfast::time::Instant;
use steadfast::transaction::Transaction;
use steadfast::{Database, Error, params};

use crate::users::model::{NewUser, User, UserPatch};
use crate::users::paging::Page;

/// Reading: the users of one database, for the time of one request.
#[derive(Debug)]
pub(crate) struct Users<'a> {
    database: &'a Database,
    deadline: Option<Instant>,
}

const INSERT: &str = "INSERT INTO users (username, email, created_at, updated_at) VALUES ($1, $2, $3, $3) \
                      RETURNING id, username, email, created_at, updated_at";
const SELECT: &str = "SELECT id, username, email, created_at, updated_at FROM users WHERE id = $1";
const LIST: &str =
    "SELECT id, username, email, created_at, updated_at FROM users WHERE id > $1 ORDER BY id LIMIT $2";
const UPDATE: &str = "UPDATE users SET username = coalesce($2, username), email = coalesce($3, email), \
                      updated_at = $4 WHERE id = $1 RETURNING id, username, email, created_at, updated_at";
const DELETE: &str = "DELETE FROM users WHERE id = $1";

impl<'a> Users<'a> {
    /// The users of this database; everything ends at the deadline.
    pub(crate) fn new(database: &'a Database, deadline: Instant) -> Self {
        Self { database, deadline: Some(deadline) }
    }

    /// Finds a user.
    pub(crate) async fn get(&self, id: i64) -> Result<Option<User>, Error> {
        let rows = self.database.query(SELECT, &params![id], self.deadline).await?;
        rows.into_iter().next().map(User::of).transpose()
    }

    /// Reads a page, and one user more when there is another page.
    pub(crate) async fn list(&self, page: Page) -> Result<Vec<User>, Error> {
        let limit = i64::from(page.limit) + 1;
        let rows = self.database.query(LIST, &params![page.after, limit], self.deadline).await?;
        rows.into_iter().map(User::of).collect()
    }
}

/// Stores a new user.
pub(crate) async fn insert(tx: &Transaction, user: &NewUser) -> Result<User, Error> {
    let row = tx.query_one(INSERT, &params![user.username.as_str(), user.email.as_str(), now()]).await?;
    User::of(row)
}

/// Changes what the patch names; `None` when there is no such user.
pub(crate) async fn update(tx: &Transaction, id: i64, patch: &UserPatch) -> Result<Option<User>, Error> {
    let (username, email) = (patch.username.as_deref(), patch.email.as_deref());
    let row = tx.query_opt(UPDATE, &params![id, username, email, now()]).await?;
    row.map(User::of).transpose()
}

/// Deletes a user; says whether there was one.
pub(crate) async fn delete(tx: &Transaction, id: i64) -> Result<bool, Error> {
    Ok(tx.execute(DELETE, &params![id]).await? > 0)
}

/// The field whose value is taken, when that is why a statement failed. PostgreSQL names the constraint
/// (`users_email_key`), SQLite the column (`users.email`); a table that somebody else made may name it yet
/// another way, so the column's name anywhere in it counts.
pub(crate) fn taken_field(error: &Error) -> Option<&'static str> {
    let fault = error.fault()?;
    let code = fault.code().unwrap_or_default();
    if code.starts_with("23") && code != UNIQUE_VIOLATION {
        return None;
    }
    let constraint = fault.constraint()?;
    ["username", "email"].into_iter().find(|field| constraint.contains(field))
}

/// PostgreSQL's SQLSTATE; its other integrity violations begin with 23 as well.
const UNIQUE_VIOLATION: &str = "23505";

/// The moment, in the resolution that PostgreSQL keeps, so that the answer to a change is what a later read
/// finds.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use steadfast::Fault;
    use steadfast::verdict::{Class, Step};

    use super::*;

    fn taken(code: &str, constraint: &str) -> Option<&'static str> {
        let fault =
            Fault::new(Class::Statement, Step::Statement, "x").with_code(code).with_constraint(constraint);
        taken_field(&Error::from(fault))
    }

    #[test]
    fn a_violated_unique_constraint_names_its_field() {
        assert_eq!(taken("23505", "users_username_key"), Some("username"));
        assert_eq!(taken("23505", "users_email_key"), Some("email"));
        assert_eq!(taken("2067", "users.username"), Some("username"));
        assert_eq!(taken("2067", "users.email"), Some("email"));
        assert_eq!(taken("23505", "ix_users_email"), Some("email"));
    }

    #[test]
    fn other_violations_are_no_conflict() {
        assert_eq!(taken("23514", "users_email_check"), None);
        assert_eq!(taken("23502", "email"), None);
        assert_eq!(taken("23505", "users_pkey"), None);
        assert_eq!(taken_field(&Error::Inert), None);
    }
}
