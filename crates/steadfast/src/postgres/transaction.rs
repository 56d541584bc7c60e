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
    /// COMMIT is on its way.
    Committing,
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
