//! Where a connection stands in the transaction that was begun through it.

use std::borrow::Cow;

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
    /// COMMIT is on its way.
    Committing,
}

/// The statement that begins a transaction.
pub(super) fn begin_statement(options: TransactionOptions) -> Cow<'static, str> {
    let isolation = match options.isolation {
        None => "",
        Some(Isolation::ReadCommitted) => " ISOLATION LEVEL READ COMMITTED",
        Some(Isolation::RepeatableRead) => " ISOLATION LEVEL REPEATABLE READ",
        Some(Isolation::Serializable) => " ISOLATION LEVEL SERIALIZABLE",
    };
    // Read-write is the server's to decide: `default_transaction_read_only` marks a server not to be written to.
    let access = if options.access == Access::ReadOnly { " READ ONLY" } else { "" };
    let deferrable = if options.deferrable { " DEFERRABLE" } else { "" };
    match (isolation, access, deferrable) {
        ("", "", "") => Cow::Borrowed("BEGIN"),
        ("", " READ ONLY", "") => Cow::Borrowed("BEGIN READ ONLY"),
        _ => Cow::Owned(format!("BEGIN{isolation}{access}{deferrable}")),
    }
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
            ..TransactionOptions::default()
        };
        assert_eq!(begin_statement(options), "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE");
    }
}
