//! What became of a transaction.

use super::says;
use crate::client::Client::{Jdbc, Server, Steadfast};
use crate::entry::{Entry, Retry, Role};
use crate::layer::Layer;

const TRANSACTION: Entry = Entry { retry: Retry::Transaction, ..Entry::in_layer(Layer::Transaction) };

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "commit-answered-by-rollback",
        title: "COMMIT rolled back",
        role: Role::Aftermath,
        wordings: &[
            says(Jdbc, "The database returned ROLLBACK, so the transaction cannot be committed"),
            says(Server, "WARNING: there is no transaction in progress"),
            says(Steadfast, "the server answered COMMIT by a rollback"),
            says(Steadfast, "the transaction was rolled back, for"),
            says(Steadfast, "the transaction was rolled back instead"),
        ],
        retry: Retry::Never,
        happened: "COMMIT was sent in a transaction that had failed. PostgreSQL answers with the tag ROLLBACK and no error, and most drivers \
                   report success: the changes are gone without a word.",
        causes: &["an error within the transaction was caught and ignored"],
        remedies: &[
            "Handle the error of the statement; use savepoints for what may fail.",
            "Compare what was stored with what was answered since.",
        ],
        steadfast: "Reports it as an error that names the statement which had failed.",
        related: &["transaction-aborted"],
        ..TRANSACTION
    },
    Entry {
        id: "integrity-at-commit",
        title: "A constraint refused the transaction at its end",
        codes: &["40002"],
        wordings: &[says(Steadfast, "the transaction violated a constraint at its end")],
        retry: Retry::Never,
        happened: "A deferred constraint was checked at COMMIT and did not hold.",
        causes: &["data that break it were written earlier in the transaction"],
        remedies: &["`SET CONSTRAINTS ALL IMMEDIATE` shows at which statement."],
        steadfast: "Reports it as an error of the statement; nothing was committed.",
        related: &["foreign-key-violation"],
        ..TRANSACTION
    },
    Entry {
        id: "outcome-unknown",
        title: "Nobody knows whether it was committed",
        codes: &["08007", "40003"],
        role: Role::Outcome,
        wordings: &[
            says(Steadfast, "whether it was applied is unknown"),
            says(Steadfast, "outcome unknown"),
            says(Steadfast, "X-Outcome: unknown"),
            says(Steadfast, "the transaction's outcome must be looked up before anything is repeated"),
            says(Steadfast, "the outcome of the statement must be looked up before anything is repeated"),
            says(Steadfast, "COMMIT was answered by something that is neither a commit nor a rollback"),
            says(Steadfast, "the transaction has not ended yet; ask again later"),
            says(Steadfast, "no primary could be asked in time (*); ask again later"),
            says(
                Steadfast,
                "it is committed on the primary, and a synchronous standby or the disk has not confirmed it yet",
            ),
            says(Steadfast, "it must not be run again, ask again later"),
            says(Steadfast, "COMMIT PREPARED or ROLLBACK PREPARED decides"),
            says(Steadfast, "after which the same transaction id may belong to another transaction"),
            says(Steadfast, "another database cluster answers; ask the one that ran it"),
            says(Steadfast, "a server answers that is behind the one which ran it"),
            says(Steadfast, "the record of it has been removed; look up what was to be stored"),
            says(Steadfast, "nothing was noted by which it could be found"),
            says(Server, "transaction resolution unknown"),
            says(Server, "canceling the wait for synchronous replication"),
        ],
        retry: Retry::ResolveCommit,
        happened: "The connection ended after COMMIT had left and before its answer came. It may have been applied, or not.",
        causes: &[
            "a restart, a failover or a cut path in that very moment",
            "a synchronous standby that does not confirm",
        ],
        remedies: &[
            "If the error carries a ticket, ask again with it, as the error says: as soon as a primary answers, most outcomes are known.",
            "Else look whether the change is there before doing it again: by a unique key of the request, or in the data.",
            "Give writes a unique key of their own (idempotency key), so that a repetition can be told.",
        ],
        steadfast: "Asks the server on a fresh connection what became of it, makes sure that it cannot happen later, and runs again \
                    what was not committed. Only where nobody can know it says so, and never repeats it blindly.",
        related: &["closed-unexpectedly", "unique-violation"],
        ..TRANSACTION
    },
    Entry {
        id: "outcome-records",
        title: "The records of outcomes cannot be used",
        wordings: &[
            says(Steadfast, "transactions are guarded by the table steadfast_outcome"),
            says(Steadfast, "this is no ticket: a ticket is one word"),
            says(Steadfast, "the ticket is damaged"),
        ],
        retry: Retry::Never,
        happened: "Outcomes are kept in a table that is not there or not accessible; or what was given as a ticket is none.",
        causes: &["the table was not created in this database", "a ticket that was cut when it was copied"],
        remedies: &[
            "Create the table with `Database::prepare_outcomes`, and grant INSERT and SELECT on it.",
            "Copy the whole ticket: one word, without quotes.",
        ],
        steadfast: "Refuses to begin what it could not account for.",
        related: &["outcome-unknown"],
        ..TRANSACTION
    },
];
