//! The table behind [`rule`](super::sqlstate::rule).

use crate::verdict::Class::{
    self, Capacity, Conflict, ConnectionLost, Permanent, ReadOnlyServer, RolledBack, Statement, Timeout,
    Unavailable,
};

/// A row: a code, the two characters of a class of codes, or a part of a message.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) key: &'static str,
    pub(super) class: Class,
    pub(super) remedy: &'static str,
}

const fn row(key: &'static str, class: Class, remedy: &'static str) -> Row {
    Row { key, class, remedy }
}

/// Wordings of poolers and proxies, which use 08P01, XX000 and the like for everything.
pub(super) static TEXTS: &[Row] = &[
    row(
        "query_wait_timeout",
        Unavailable,
        "PgBouncer had no server connection in time: its pool is exhausted or the database behind it is down",
    ),
    row(
        "max_client_conn",
        Capacity,
        "PgBouncer's max_client_conn is reached: lower the pool sizes or raise the limit",
    ),
    row(
        "no such database",
        Permanent,
        "PgBouncer does not know this database: name it in its [databases] section, or correct the name in the URL",
    ),
    row(
        "server_login_retry",
        Unavailable,
        "the database behind PgBouncer refuses its logins: look at the database first, then at PgBouncer's log",
    ),
    row(
        "server login has been failing",
        Unavailable,
        "the database behind PgBouncer refuses its logins: look at the database first, then at PgBouncer's log",
    ),
    row(
        "client_idle_timeout",
        ConnectionLost,
        "PgBouncer closes idle clients: keep pool.idle_timeout below its client_idle_timeout",
    ),
    row(
        "client_login_timeout",
        Unavailable,
        "PgBouncer could not finish the login in time: the database behind it is slow or down",
    ),
    row(
        "server conn crashed",
        ConnectionLost,
        "PgBouncer lost its connection to the database: look at the database's log",
    ),
    row(
        "cannot connect to server",
        Unavailable,
        "the pooler does not reach the database behind it: look at the database first",
    ),
    row(
        "unsupported startup parameter",
        Permanent,
        "PgBouncer refuses a start-up parameter: add its name to ignore_startup_parameters, or leave it out of the URL",
    ),
    row("SSL required", Permanent, "the pooler insists on TLS: set sslmode=require or stricter"),
    row(
        "Tenant or user not found",
        Permanent,
        "Supabase's pooler needs the user as `postgres.PROJECT_REF`, and the host of the project's own region",
    ),
    row(
        "max clients reached",
        Capacity,
        "the pooler's session mode is full: use its transaction mode (port 6543) or a smaller pool",
    ),
    row("Max client connections reached", Capacity, "the pooler accepts no more clients: use a smaller pool"),
    row(
        "ndpoint ID is not specified",
        Permanent,
        "Neon finds the database by the TLS server name: connect by host name with TLS, not by address",
    ),
    row("connect to compute node", Unavailable, "Neon is waking the database up: try again in a few seconds"),
];

/// Codes, and classes of codes for what is not listed on its own.
pub(super) static CODES: &[Row] = &[
    // The connection.
    row(
        "08",
        ConnectionLost,
        "the way between pooler and database, or between databases, broke: look at both",
    ),
    row("08001", Unavailable, "a server behind the one connected to cannot be reached"),
    row("08003", ConnectionLost, "the connection was already gone"),
    row("08004", Permanent, "the server rejected the connection: look at its log and at pg_hba.conf"),
    row("08006", ConnectionLost, "the connection failed: look at the server's log for a crash or restart"),
    row("08007", ConnectionLost, "the transaction's outcome must be looked up before anything is repeated"),
    row(
        "08P01",
        ConnectionLost,
        "a message did not fit: another number of parameters than the statement has, a proxy in between, or one connection used twice",
    ),
    // Shutting down, starting up.
    row(
        "57P01",
        ConnectionLost,
        "an administrator, a restart or a failover ended the connection: reconnecting is enough",
    ),
    row(
        "57P02",
        ConnectionLost,
        "another server process crashed and took all connections along: look at the server's log and memory",
    ),
    row(
        "57P03",
        Unavailable,
        "the server is starting, stopping or recovering: wait; if it stays so, look at its log",
    ),
    row("57P04", Permanent, "the database was dropped: check the database name in the URL"),
    row(
        "57P05",
        ConnectionLost,
        "idle_session_timeout of the server is shorter than the pool's idle_timeout: make ours the shorter one",
    ),
    row(
        "25P03",
        ConnectionLost,
        "a transaction was left idle beyond idle_in_transaction_session_timeout: do slow work outside transactions",
    ),
    row(
        "25P04",
        Timeout,
        "the transaction took longer than transaction_timeout: make it shorter or raise the limit",
    ),
    // Resources.
    row("53", Unavailable, "the server is short of a resource: look at its disk, memory and log"),
    row("53000", Unavailable, "the server is short of a resource: look at its disk, memory and log"),
    row("53100", Unavailable, "the server's disk is full: free space before anything else"),
    row("53200", Unavailable, "the server is out of memory: lower work_mem or the number of connections"),
    row(
        "53300",
        Capacity,
        "all connection slots are taken: processes x (size + max_overflow) of every application must stay below max_connections",
    ),
    row("53400", Statement, "a configured limit of the server is exceeded: the message names it"),
    row("58", Unavailable, "the server met an error of its system: look at its log and disk"),
    row("XX", Statement, "an internal error of the server: look at its log"),
    row("XX001", Statement, "data on the server's disk is damaged: stop writing and look at its log"),
    row("XX002", Statement, "an index on the server is damaged: REINDEX it"),
    // Who we are, where we want to go.
    row(
        "28",
        Permanent,
        "the server does not let this role in: check user, pg_hba.conf and LOGIN; \"no encryption\" in the message asks for sslmode=require",
    ),
    row(
        "28000",
        Permanent,
        "the server does not let this role in: check user, pg_hba.conf and LOGIN; \"no encryption\" in the message asks for sslmode=require",
    ),
    row(
        "28P01",
        Permanent,
        "wrong password: it may have been rotated, or holds characters that a URL must percent-encode",
    ),
    row(
        "3D000",
        Permanent,
        "create the database, or correct its name in the URL (a trailing blank or newline counts)",
    ),
    row("3F000", Statement, "the schema does not exist: check search_path, or run the migrations"),
    row(
        "55000",
        Statement,
        "the object is not in a state for it; a database that accepts no connections has datallowconn switched off",
    ),
    // Transactions.
    row("40", Conflict, "run the whole transaction again"),
    row("40001", Conflict, "another transaction changed the same data: run the whole transaction again"),
    row("40002", Statement, "the transaction violated a constraint at its end"),
    row(
        "40003",
        ConnectionLost,
        "the outcome of the statement must be looked up before anything is repeated",
    ),
    row(
        "40P01",
        Conflict,
        "two transactions waited for each other: run it again, and lock rows in one fixed order",
    ),
    row("25", Statement, "the statement does not fit the state of the transaction"),
    row(
        "25006",
        ReadOnlyServer,
        "this is a standby or a demoted primary, or the transaction is read-only: target_session_attrs=read-write finds the primary",
    ),
    row("25P01", Statement, "there is no transaction: begin one first"),
    row("25P02", RolledBack, "an earlier statement of this transaction failed: roll back and begin again"),
    row("2D", Statement, "the transaction cannot be ended here"),
    // Time.
    row(
        "57014",
        Timeout,
        "the statement was cancelled, by statement_timeout or on request: make it faster or raise the limit",
    ),
    row(
        "55P03",
        Timeout,
        "somebody else holds the lock: look in pg_locks; lock_timeout decides how long to wait",
    ),
    row("57", ConnectionLost, "an operator or the server itself intervened"),
    row("55006", Statement, "the object is in use: end the other sessions first"),
    // Prepared statements and plans.
    row(
        "26000",
        Statement,
        "the prepared statement is unknown: behind a transaction pooler set statement_cache=0",
    ),
    row(
        "42P05",
        Statement,
        "the prepared statement exists already: behind a transaction pooler set statement_cache=0",
    ),
    row(
        "0A000",
        Statement,
        "the server does not support it; after a schema change cached plans are prepared anew",
    ),
    // Statements.
    row("23", Statement, "a constraint refused the change"),
    row("23502", Statement, "a column that must have a value got none"),
    row("23503", Statement, "the row that is referred to does not exist, or is still referred to"),
    row("23505", Statement, "a row with this value exists already"),
    row("23514", Statement, "a check constraint refused the value"),
    row("23P01", Statement, "an exclusion constraint refused the value"),
    row("22", Statement, "a value does not fit: the message names it"),
    row("42", Statement, "correct the statement: the message says where"),
    row(
        "42P01",
        Statement,
        "the table does not exist: run the migrations, or check search_path and the database name",
    ),
    row("42703", Statement, "the column does not exist: run the migrations, or correct the name"),
    row("42883", Statement, "the function does not exist for these types: check names and casts"),
    row("42501", Statement, "the role lacks the right: GRANT it"),
    row("42704", Statement, "the name is unknown to the server: the message gives it"),
    row("P0", Statement, "a function of the application raised it"),
    row("54", Statement, "the statement exceeds a limit of the server: make it smaller"),
];
