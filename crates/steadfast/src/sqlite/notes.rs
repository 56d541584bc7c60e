//! What SQLite says about a statement while it prepares it, beyond whether it writes.
//!
//! SQLite's authorizer is told the kinds of things that a statement will do, however it is spelt; looking at
//! the text could be fooled by a comment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization, TransactionOperation};

/// Pragmas that take an argument and only look.
const LOOKING: [&str; 12] = [
    "database_list",
    "foreign_key_check",
    "foreign_key_list",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Pragmas that act although they need no argument.
const ACTING: [&str; 4] = ["incremental_vacuum", "optimize", "shrink_memory", "wal_checkpoint"];

/// Filled in by the authorizer, emptied by [`take`](Self::take).
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<AtomicU8>);

/// What was noted about a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Noted(u8);

impl Noted {
    const CONTROL: u8 = 1;
    const SAVEPOINT: u8 = 2;
    const ROLLBACK_TO: u8 = 4;
    const RELEASE: u8 = 8;
    const SETTING: u8 = 16;

    /// BEGIN, COMMIT or ROLLBACK.
    pub(super) const fn controls_transaction(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// SAVEPOINT.
    pub(super) const fn sets_savepoint(self) -> bool {
        self.0 & Self::SAVEPOINT != 0
    }

    /// ROLLBACK TO.
    pub(super) const fn returns_to_savepoint(self) -> bool {
        self.0 & Self::ROLLBACK_TO != 0
    }

    /// Any of the above.
    pub(super) const fn touches_transaction(self) -> bool {
        self.0 & (Self::CONTROL | Self::SAVEPOINT | Self::ROLLBACK_TO | Self::RELEASE) != 0
    }

    /// Something stays behind in the connection: a setting, an attached database, a temporary table.
    pub(super) const fn changes_settings(self) -> bool {
        self.0 & Self::SETTING != 0
    }

    /// Something was noted. The authorizer is not asked again when a prepared statement is reused, so that
    /// such a statement must not be kept.
    pub(super) const fn is_special(self) -> bool {
        self.0 != 0
    }

    /// Both.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Notes {
    /// Lets SQLite note what is prepared on this connection.
    pub(super) fn listen(&self, connection: &Connection) -> rusqlite::Result<()> {
        let notes = Arc::clone(&self.0);
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            let noted = classify(&context.action);
            if noted != 0 {
                notes.fetch_or(noted, Ordering::Relaxed);
            }
            Authorization::Allow
        }))
    }

    /// What was noted since the last call.
    pub(super) fn take(&self) -> Noted {
        Noted(self.0.swap(0, Ordering::Relaxed))
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only what outlives its statement is of interest")]
fn classify(action: &AuthAction<'_>) -> u8 {
    match action {
        AuthAction::Transaction { .. } => Noted::CONTROL,
        AuthAction::Savepoint { operation: TransactionOperation::Begin, .. } => Noted::SAVEPOINT,
        AuthAction::Savepoint { operation: TransactionOperation::Rollback, .. } => Noted::ROLLBACK_TO,
        AuthAction::Savepoint { .. } => Noted::RELEASE,
        AuthAction::Attach { .. }
        | AuthAction::Detach { .. }
        | AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. } => Noted::SETTING,
        AuthAction::Pragma { pragma_name, pragma_value } => {
            let listed = |names: &[&str]| names.iter().any(|name| pragma_name.eq_ignore_ascii_case(name));
            let acts = if pragma_value.is_some() { !listed(&LOOKING) } else { listed(&ACTING) };
            if acts { Noted::SETTING } else { 0 }
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(sql: &str) -> Noted {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (a); SAVEPOINT s").unwrap();
        let notes = Notes::default();
        notes.listen(&connection).unwrap();
        drop(connection.prepare(sql).unwrap());
        notes.take()
    }

    #[test]
    fn transaction_control_is_seen_behind_a_comment() {
        for sql in ["BEGIN", "/* x */ commit", "-- y\nEND", "ROLLBACK"] {
            assert!(noted(sql).controls_transaction(), "{sql}");
        }
        assert!(noted("SAVEPOINT a").sets_savepoint());
        assert!(noted("ROLLBACK TRANSACTION TO s").returns_to_savepoint());
        assert!(noted("RELEASE s").touches_transaction());
    }

    #[test]
    fn settings_are_told_from_questions() {
        for sql in [
            "PRAGMA foreign_keys = OFF",
            "PRAGMA busy_timeout(10)",
            "ATTACH ':memory:' AS other",
            "CREATE TEMP TABLE x (a)",
            "CREATE TEMP VIEW v AS SELECT 1",
            "PRAGMA optimize",
        ] {
            assert!(noted(sql).changes_settings(), "{sql}");
        }
        for sql in
            ["PRAGMA foreign_keys", "PRAGMA table_info(t)", "SELECT * FROM t", "INSERT INTO t VALUES (1)"]
        {
            assert_eq!(noted(sql), Noted::default(), "{sql}");
        }
    }
}
