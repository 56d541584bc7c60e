//! A statement that the server refuses.

use super::says;
use crate::client::Client::{
    Asyncpg, Jdbc, Psycopg2, Psycopg3, Server, Sqlite, Sqlx, Steadfast, TokioPostgres,
};
use crate::entry::{Entry, Retry};
use crate::layer::Layer;

const STATEMENT: Entry = Entry::in_layer(Layer::Statement);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "statement-timeout",
        title: "The statement took too long",
        codes: &["57014"],
        wordings: &[
            says(Server, "canceling statement due to statement timeout"),
            says(Asyncpg, "QueryCanceledError: canceling statement due to statement timeout"),
            says(Steadfast, "the statement was cancelled, by statement_timeout or on request"),
        ],
        happened: "The server cancelled it after statement_timeout.",
        causes: &[
            "no index for what it asks, or statistics that are out of date",
            "it waited for a lock",
            "far more rows than expected",
        ],
        remedies: &[
            "`EXPLAIN (ANALYZE, BUFFERS)` shows where the time goes; pg_stat_statements shows which statements take it.",
            "Find out whether it waited: wait_event_type = 'Lock' in pg_stat_activity.",
            "For work that takes long on purpose: `SET LOCAL statement_timeout = '10min'`.",
        ],
        steadfast: "Does not repeat it; the connection stays good.",
        related: &["lock-timeout", "statement-cancelled", "worker-timeout"],
        ..STATEMENT
    },
    Entry {
        id: "statement-cancelled",
        title: "The statement was cancelled on request",
        codes: &["57014"],
        wordings: &[
            says(Server, "canceling statement due to user request"),
            says(Server, "canceling autovacuum task"),
            says(Psycopg2, "QueryCanceled"),
            says(Asyncpg, "QueryCanceledError"),
        ],
        happened: "Somebody asked the server to stop it, and the server did.",
        causes: &[
            "the client's own timeout (asyncpg command_timeout, JDBC queryTimeout)",
            "a caller who went away",
            "pg_cancel_backend by hand",
        ],
        remedies: &[
            "Look which timeout of the client it was, and whether the statement is slow or waits for a lock.",
        ],
        steadfast: "Sends such a request itself for a statement whose caller has gone, so that the connection can serve the next one.",
        related: &["statement-timeout"],
        ..STATEMENT
    },
    Entry {
        id: "cached-plan-changed",
        title: "The schema changed under a prepared statement",
        codes: &["0A000"],
        wordings: &[
            says(Server, "cached plan must not change result type"),
            says(Asyncpg, "InvalidCachedStatementError"),
            says(
                Asyncpg,
                "cached statement plan is invalid due to a database schema or configuration change",
            ),
            says(
                Steadfast,
                "a prepared statement was out of date and has been given up: run the transaction again",
            ),
        ],
        retry: Retry::Transaction,
        happened: "A column was added, removed or changed, and a statement prepared before cannot give what it promised.",
        causes: &["a migration while connections stay open; `SELECT *` is hit most"],
        remedies: &[
            "Run the transaction again on a fresh connection, or `DEALLOCATE ALL`.",
            "Name columns instead of `*`.",
        ],
        steadfast: "Gives up the statement and runs the transaction again.",
        related: &["prepared-statement-missing"],
        ..STATEMENT
    },
    Entry {
        id: "feature-not-supported",
        title: "The server does not support it",
        codes: &["0A000", "0A"],
        wordings: &[
            says(Asyncpg, "FeatureNotSupportedError"),
            says(Psycopg2, "psycopg2.errors.FeatureNotSupported"),
            says(
                Steadfast,
                "the server does not support it; after a schema change cached plans are prepared anew",
            ),
        ],
        role: crate::entry::Role::Symptom,
        happened: "The statement asks for something that this server, version or table cannot do.",
        causes: &[
            "a newer version is meant",
            "a feature that partitions, views or foreign tables do not have",
        ],
        remedies: &["Compare `SHOW server_version` with the manual's page of the statement."],
        steadfast: "Passes it on.",
        related: &["syntax-error"],
        ..STATEMENT
    },
    Entry {
        id: "syntax-error",
        title: "The statement is wrong",
        codes: &["42601", "42", "0L", "0P"],
        wordings: &[
            says(Server, "syntax error at or near"),
            says(Server, "syntax error at end of input"),
            says(Asyncpg, "PostgresSyntaxError"),
            says(Sqlite, "near \"*\": syntax error"),
            says(Sqlite, "incomplete input"),
            says(Sqlite, "SQLITE_ERROR"),
            says(Steadfast, "correct the statement: the message says where"),
            says(Steadfast, "more than one statement where one was expected"),
            says(Steadfast, "the statement cannot be run in this way"),
        ],
        happened: "The server could not make sense of the statement, or of its names and types.",
        causes: &[
            "a slip, or text put together from pieces",
            "placeholders of another client: $1, %s, ? and :name differ",
        ],
        remedies: &[
            "The message names the place. Give values as parameters, never as text in the statement.",
        ],
        steadfast: "Passes it on; the connection stays good.",
        related: &["parameters-do-not-fit", "column-unknown"],
        ..STATEMENT
    },
    Entry {
        id: "parameters-do-not-fit",
        title: "Parameters and statement do not fit",
        wordings: &[
            says(Server, "bind message supplies * parameters, but prepared statement \"*\" requires *"),
            says(Server, "could not determine data type of parameter"),
            says(Server, "there is no parameter $"),
            says(TokioPostgres, "error serializing parameter"),
            says(TokioPostgres, "expected * parameters but got"),
            says(TokioPostgres, "error deserializing column"),
            says(Sqlx, "error occurred while decoding column"),
            says(Asyncpg, "the server expects * arguments for this query, * were passed"),
            says(Asyncpg, "the server expects * argument for this query, * were passed"),
            says(Asyncpg, "invalid input for query argument $"),
            says(Psycopg3, "the query has * placeholders but * parameters were passed"),
            says(Psycopg2, "not all arguments converted during string formatting"),
            says(Jdbc, "The column index is out of range"),
            says(Jdbc, "No value specified for parameter"),
            says(Sqlite, "Incorrect number of bindings supplied"),
            says(Steadfast, "give each $n of the statement one value of its type"),
            says(Steadfast, "give as many parameters as the statement has numbers"),
            says(Steadfast, "the statement has * parameters, * were given"),
            says(Steadfast, "a message did not fit: another number of parameters than the statement has"),
            says(Steadfast, "the statement or a value cannot be sent"),
            says(Steadfast, "which has no counterpart among the values here"),
            says(Steadfast, "column * cannot be read: "),
            says(Steadfast, "; select it as text"),
            says(Steadfast, "number the parameters $1, $2"),
            says(Steadfast, "write CAST($1 AS type), which both databases understand"),
            says(Steadfast, "check the value before it is stored, or store NULL"),
            says(Steadfast, "store it as bytes, or remove the character"),
            says(Steadfast, "SQLite takes 32766 parameters in a statement"),
            says(Steadfast, "expected *, the statement gave * rows"),
        ],
        happened: "The values given, or the columns read, are of another number or type than the statement's.",
        causes: &[
            "a value too many or too few",
            "a type of the program that has no counterpart in the column's",
        ],
        remedies: &["Count the placeholders; cast in the statement (`$1::text::jsonb`, `column::text`)."],
        steadfast: "Says which parameter or column, and never shows its value.",
        related: &["syntax-error", "value-does-not-fit"],
        ..STATEMENT
    },
    Entry {
        id: "object-in-use",
        title: "The object is in use or not in the state for it",
        codes: &["55006", "55"],
        wordings: &[
            says(Server, "is being accessed by other users"),
            says(Server, "because it is being used by active queries in this session"),
            says(Server, "There is * other session using the database"),
            says(Server, "There are * other sessions using the database"),
            says(Steadfast, "the object is in use: end the other sessions first"),
            says(Steadfast, "the object is not in a state for it"),
        ],
        happened: "Others are still using what is to be dropped, copied or changed.",
        causes: &[
            "applications or people are connected to it",
            "a cursor or a trigger of this session has the table",
        ],
        remedies: &["`DROP DATABASE name WITH (FORCE)`, or end the sessions that pg_stat_activity shows."],
        retry: Retry::Backoff,
        steadfast: "Passes it on.",
        related: &["database-closed", "lock-timeout"],
        ..STATEMENT
    },
    Entry {
        id: "raised-by-application",
        title: "A function of the database raised it",
        codes: &["P0", "P0001"],
        wordings: &[
            says(Asyncpg, "RaiseError"),
            says(Psycopg2, "RaiseException"),
            says(Steadfast, "a function of the application raised it"),
        ],
        happened: "RAISE EXCEPTION in a function, a procedure or a trigger of the application.",
        causes: &["a rule of the application was broken; its words are the message"],
        remedies: &[
            "Look for the message in the functions: `SELECT proname FROM pg_proc WHERE prosrc ILIKE '%words%'`.",
        ],
        steadfast: "Passes it on.",
        related: &["check-violation"],
        ..STATEMENT
    },
];
