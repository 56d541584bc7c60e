//! Transactions: conflicts, clean-up, outcome.

use super::says;
use crate::client::Client::{Asyncpg, Psycopg2, Psycopg3, Server, SqlAlchemy, Steadfast};
use crate::entry::{Entry, Retry, Role};
use crate::layer::Layer;

const TRANSACTION: Entry = Entry { retry: Retry::Transaction, ..Entry::in_layer(Layer::Transaction) };

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "transaction-aborted",
        title: "The transaction had failed before",
        codes: &["25P02"],
        role: Role::Aftermath,
        wordings: &[
            says(Server, "current transaction is aborted, commands ignored until end of transaction block"),
            says(Server, "current transaction is aborted"),
            says(Psycopg2, "InFailedSqlTransaction"),
            says(Asyncpg, "InFailedSQLTransactionError"),
            says(
                Steadfast,
                "an earlier statement of this transaction failed, so that it can only be rolled back",
            ),
            says(
                Steadfast,
                "an earlier call of this transaction failed or was dropped, so that it can only be rolled back",
            ),
            says(Steadfast, "an earlier statement of this transaction failed: roll back and begin again"),
        ],
        retry: Retry::Never,
        happened: "A statement failed, and the server refuses all others until the transaction is rolled back. This is not the error to look for.",
        causes: &[
            "the error of the first failed statement was caught and ignored",
            "a connection came back to its pool without a rollback, and the next one to use it meets what was left",
        ],
        remedies: &[
            "Find the first error: it stands further up in the log.",
            "Roll back wherever an error is handled, and at the end of every request.",
            "For a statement that may fail use a savepoint (SQLAlchemy: `begin_nested()`).",
        ],
        steadfast: "A transaction whose statement failed is rolled back whatever the caller does, and nothing of it reaches the next borrower.",
        related: &["commit-answered-by-rollback", "session-needs-rollback"],
        ..TRANSACTION
    },
    Entry {
        id: "session-needs-rollback",
        title: "SQLAlchemy waits for a rollback",
        role: Role::Aftermath,
        wordings: &[
            says(SqlAlchemy, "Can't reconnect until invalid transaction is rolled back"),
            says(
                SqlAlchemy,
                "This Session's transaction has been rolled back due to a previous exception during flush",
            ),
            says(SqlAlchemy, "PendingRollbackError"),
            says(SqlAlchemy, "This session is in 'inactive' state"),
        ],
        happened: "The connection died or a flush failed within a transaction, and the session stays unusable until somebody rolls it back.",
        causes: &[
            "no clean-up at the end of the request: the same session serves the next one",
            "the first error was swallowed",
        ],
        remedies: &[
            "In Flask: `@app.teardown_appcontext` with `db.session.rollback()` on an error and `db.session.remove()` always.",
            "Elsewhere: one session for one unit of work, `with Session() as session:`.",
        ],
        steadfast: "Rolls back at the end of every request, also after a panic, a time-out or a client that hung up.",
        related: &["transaction-aborted", "closed-unexpectedly"],
        ..TRANSACTION
    },
    Entry {
        id: "idle-in-transaction-timeout",
        title: "A transaction was left idle for too long",
        codes: &["25P03"],
        wordings: &[
            says(Server, "terminating connection due to idle-in-transaction timeout"),
            says(Asyncpg, "IdleInTransactionSessionTimeoutError"),
            says(Psycopg3, "IdleInTransactionSessionTimeout"),
            says(Steadfast, "a transaction was left idle beyond idle_in_transaction_session_timeout"),
        ],
        happened: "The server ended a session that held a transaction open and did nothing.",
        causes: &[
            "a call to another service, or a slow computation, between two statements",
            "a request that ended without rollback",
        ],
        remedies: &[
            "Do slow work before or after the transaction.",
            "End the transaction at the end of every request, whatever happened.",
        ],
        steadfast: "Rolls back at the end of the request, so that none is left; the transaction is run again.",
        related: &["idle-session-timeout", "lock-timeout"],
        ..TRANSACTION
    },
    Entry {
        id: "transaction-timeout",
        title: "The transaction took too long",
        codes: &["25P04"],
        wordings: &[
            says(Server, "terminating connection due to transaction timeout"),
            says(Steadfast, "the transaction took longer than transaction_timeout"),
            says(Steadfast, "the deadline of the work passed"),
            says(Steadfast, "the deadline passed; nothing was committed"),
            says(Steadfast, "the transaction was given up and fenced before its COMMIT arrived"),
        ],
        retry: Retry::Never,
        happened: "The transaction was still open when its time was over, and was rolled back.",
        causes: &[
            "more work than fits into the limit",
            "waiting for a lock or for a connection used up the time",
        ],
        remedies: &[
            "Cut the work into smaller transactions, or raise the limit (transaction_timeout; here STEADFAST_REQUEST_TIMEOUT).",
        ],
        steadfast: "Bounds every wait by the caller's deadline, and says that nothing was committed.",
        related: &["statement-timeout", "lock-timeout"],
        ..TRANSACTION
    },
    Entry {
        id: "lock-timeout",
        title: "A lock was not free in time",
        codes: &["55P03"],
        wordings: &[
            says(Server, "canceling statement due to lock timeout"),
            says(Server, "could not obtain lock on row in relation"),
            says(Server, "could not obtain lock on relation"),
            says(Asyncpg, "LockNotAvailableError"),
            says(Psycopg2, "LockNotAvailable"),
            says(Steadfast, "somebody else holds the lock: look in pg_locks"),
        ],
        happened: "Somebody else holds the lock for longer than lock_timeout, or NOWAIT was asked for.",
        causes: &[
            "a ghost: a session of a dead process that still holds its transaction open",
            "a migration (ALTER TABLE) that waits behind a long query, and everybody behind it",
            "contention for the same rows",
        ],
        remedies: &[
            "Find the holder: `SELECT pid, pg_blocking_pids(pid), state, query FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0`.",
            "End a ghost by `SELECT pg_terminate_backend(pid)`. Set idle_in_transaction_session_timeout.",
        ],
        steadfast: "Leaves no ghosts of its own: what a caller dropped is cancelled and rolled back.",
        related: &["deadlock", "idle-in-transaction-timeout"],
        ..TRANSACTION
    },
    Entry {
        id: "deadlock",
        title: "Deadlock",
        codes: &["40P01"],
        wordings: &[
            says(Server, "deadlock detected"),
            says(Asyncpg, "DeadlockDetectedError"),
            says(Psycopg2, "DeadlockDetected"),
            says(Steadfast, "two transactions waited for each other: run it again"),
        ],
        happened: "Two transactions waited for each other's locks; the server rolled this one back so that the other could go on.",
        causes: &["the same rows or tables are locked in another order"],
        remedies: &[
            "Run the transaction again.",
            "Lock in one fixed order (`ORDER BY id FOR UPDATE`); keep transactions short.",
        ],
        steadfast: "Runs the transaction again by itself.",
        related: &["serialization-failure", "lock-timeout"],
        ..TRANSACTION
    },
    Entry {
        id: "serialization-failure",
        title: "Serialization failure",
        codes: &["40001", "40"],
        wordings: &[
            says(Server, "could not serialize access due to"),
            says(Server, "could not serialize access"),
            says(Server, "canceling statement due to conflict with recovery"),
            says(Asyncpg, "SerializationError"),
            says(Psycopg2, "SerializationFailure"),
            says(Steadfast, "another transaction changed the same data: run the whole transaction again"),
        ],
        happened: "Under REPEATABLE READ or SERIALIZABLE another transaction changed what this one had read; or a query on a standby stood in \
                   the way of recovery.",
        causes: &[
            "this is how these isolation levels work: some transactions must be run again",
            "on a standby: a long query against rows that the primary has cleaned up",
        ],
        remedies: &[
            "Run the whole transaction again, from its first statement.",
            "On a standby: hot_standby_feedback, or shorter queries.",
        ],
        steadfast: "Runs the transaction again by itself.",
        related: &["deadlock"],
        ..TRANSACTION
    },
    Entry {
        id: "no-active-transaction",
        title: "Statement and transaction do not fit",
        codes: &["25P01", "25", "2D", "25001"],
        wordings: &[
            says(Server, "cannot run inside a transaction block"),
            says(Server, "can only be used in transaction blocks"),
            says(Server, "there is already a transaction in progress"),
            says(Steadfast, "there is no transaction: begin one first"),
            says(Steadfast, "the statement does not fit the state of the transaction"),
            says(Steadfast, "the transaction cannot be ended here"),
            says(Steadfast, "begin and end the transaction by its own functions"),
            says(Steadfast, "this transaction is over: its handle was used after the closure had returned"),
        ],
        retry: Retry::Never,
        happened: "The statement needs a transaction where there is none, or must not be in one; or a transaction was used after its end.",
        causes: &[
            "CREATE DATABASE, VACUUM or CREATE INDEX CONCURRENTLY within a transaction that the driver began by itself",
            "BEGIN or COMMIT as plain text beside the library's own functions",
            "a transaction handle that left its closure",
        ],
        remedies: &[
            "Switch autocommit on for such statements.",
            "Begin and end transactions by the library's functions only.",
        ],
        steadfast: "Refuses BEGIN and COMMIT as text within its own transactions, and a handle after its end.",
        related: &["transaction-aborted"],
        ..TRANSACTION
    },
];
