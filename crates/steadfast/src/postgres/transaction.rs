//! Where a connection stands in the transaction that was begun through it.

use crate::sql::{Access, Isolation, TransactionOptions};

/// The transaction as the client side knows it; the tap knows the server's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// None.
    None,
    /// Begun, with nothing sent yet.
    Announced(TransactionOptions),
    /// BEGIN was sent.
    Open {
        /// It was opened READ ONLY.
        read_only: bool,
    },
}

/// The statement that begins a transaction.
pub(super) fn begin_statement(options: TransactionOptions) -> String {
    let mut text = "BEGIN".to_owned();
    match options.isolation {
        None => {}
        Some(Isolation::ReadCommitted) => text.push_str(" ISOLATION LEVEL READ COMMITTED"),
        Some(Isolation::RepeatableRead) => text.push_str(" ISOLATION LEVEL REPEATABLE READ"),
        Some(Isolation::Serializable) => text.push_str(" ISOLATION LEVEL SERIALIZABLE"),
    }
    // Read-write is the server's to decide: `default_transaction_read_only` marks a server not to be written to.
    if options.access == Access::ReadOnly {
        text.push_str(" READ ONLY");
    }
    if options.deferrable {
        text.push_str(" DEFERRABLE");
    }
    text
}

/// True when a text may end the transaction by itself, so that a connection lost under it leaves the
/// outcome open.
pub(super) fn may_commit(text: &str) -> bool {
    text.split(';').any(|statement| {
        let mut words = statement.split_whitespace();
        let first = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        first.eq_ignore_ascii_case("commit")
            || first.eq_ignore_ascii_case("end")
            || (first.eq_ignore_ascii_case("prepare") && second.eq_ignore_ascii_case("transaction"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_in_the_statement() {
        assert_eq!(begin_statement(TransactionOptions::default()), "BEGIN");
        let options = TransactionOptions {
            isolation: Some(Isolation::Serializable),
            access: Access::ReadOnly,
            deferrable: true,
        };
        assert_eq!(begin_statement(options), "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE");
    }

    #[test]
    fn a_text_that_ends_the_transaction_is_known() {
        for text in ["COMMIT", "insert into t values (1); commit;", "END", "prepare transaction 'x'"] {
            assert!(may_commit(text), "{text}");
        }
        for text in ["SELECT 1", "SELECT CASE WHEN a THEN 1 END", "PREPARE x AS SELECT 1", "ROLLBACK"] {
            assert!(!may_commit(text), "{text}");
        }
    }
}
