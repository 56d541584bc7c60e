//! What stands between: PgBouncer, Supavisor, the platforms' proxies.

use super::says;
use crate::client::Client::{Asyncpg, PgBouncer, Psycopg3, Server, SqlAlchemy, Steadfast};
use crate::entry::{Entry, Retry};
use crate::layer::Layer;

const POOLER: Entry = Entry::in_layer(Layer::Pooler);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "prepared-statement-exists",
        title: "The prepared statement exists already",
        codes: &["42P05"],
        wordings: &[
            says(Server, "prepared statement \"*\" already exists"),
            says(Asyncpg, "DuplicatePreparedStatementError"),
            says(Psycopg3, "DuplicatePreparedStatement"),
            says(Steadfast, "the prepared statement exists already: behind a transaction pooler"),
        ],
        happened: "The client prepared a statement under a name that somebody else has used on the same server connection.",
        causes: &[
            "a pooler in transaction mode gives each transaction another server connection, and prepared statements stay behind there",
        ],
        remedies: &[
            "Switch prepared statements off: asyncpg `statement_cache_size=0`, psycopg `prepare_threshold=None`, JDBC `prepareThreshold=0`, Prisma `?pgbouncer=true`.",
            "Or use PgBouncer 1.21 or later with max_prepared_statements above 0; or the pooler's session mode.",
        ],
        steadfast: "With statement_cache=0 nothing is left on the server.",
        related: &["prepared-statement-missing"],
        ..POOLER
    },
    Entry {
        id: "prepared-statement-missing",
        title: "The prepared statement does not exist",
        codes: &["26000"],
        wordings: &[
            says(Server, "prepared statement \"*\" does not exist"),
            says(Server, "unnamed prepared statement does not exist"),
            says(Asyncpg, "InvalidSQLStatementNameError"),
            says(SqlAlchemy, "InvalidSqlStatementName"),
            says(Steadfast, "the prepared statement is unknown: behind a transaction pooler"),
        ],
        happened: "The client prepared it on one server connection and used it on another.",
        causes: &["a pooler in transaction mode", "DISCARD ALL or DEALLOCATE between two uses"],
        remedies: &[
            "Switch prepared statements off in the client, as under `prepared-statement-exists`.",
            "Or use PgBouncer 1.21 or later with max_prepared_statements above 0.",
        ],
        retry: Retry::Transaction,
        steadfast: "Gives up its cached statements, so that the next run of the transaction prepares anew.",
        related: &["prepared-statement-exists", "cached-plan-changed"],
        ..POOLER
    },
    Entry {
        id: "pooler-startup-parameter",
        title: "PgBouncer refuses a start-up parameter",
        codes: &["08P01"],
        wordings: &[
            says(PgBouncer, "unsupported startup parameter: *"),
            says(PgBouncer, "unsupported startup parameter in options: *"),
            says(PgBouncer, "unsupported startup parameter"),
            says(Steadfast, "PgBouncer refuses a start-up parameter"),
        ],
        happened: "The client sends a setting with its login that PgBouncer does not pass on.",
        causes: &[
            "statement_timeout, search_path or extra_float_digits in the URL's options; JDBC sends extra_float_digits by itself",
        ],
        remedies: &[
            "Add its name to ignore_startup_parameters in pgbouncer.ini (it is then dropped, not applied).",
            "Set it for the role instead: `ALTER ROLE name SET statement_timeout = '30s'`.",
        ],
        steadfast: "Sends only what is configured.",
        related: &["startup-parameter-invalid"],
        ..POOLER
    },
    Entry {
        id: "pooler-queue-timeout",
        title: "PgBouncer found no server connection in time",
        codes: &["08P01"],
        wordings: &[
            says(PgBouncer, "query_wait_timeout"),
            says(PgBouncer, "client_login_timeout"),
            says(Steadfast, "PgBouncer had no server connection in time"),
            says(Steadfast, "PgBouncer could not finish the login in time"),
        ],
        happened: "The client waited in PgBouncer's queue for longer than query_wait_timeout (120 s), and was turned away.",
        causes: &[
            "all of default_pool_size are busy with long or forgotten transactions",
            "the database behind PgBouncer is down",
        ],
        remedies: &[
            "Ask PgBouncer: `SHOW POOLS` (cl_waiting, maxwait), `SHOW SERVERS`.",
            "Look for sessions that are idle in transaction, then raise default_pool_size if the server has room.",
        ],
        retry: Retry::Backoff,
        steadfast: "Waits as for a server that is down. Nothing was applied.",
        related: &["pooler-login-failing", "pool-exhausted"],
        ..POOLER
    },
    Entry {
        id: "pooler-full",
        title: "PgBouncer takes no more clients",
        codes: &["08P01"],
        wordings: &[
            says(PgBouncer, "no more connections allowed (max_client_conn)"),
            says(PgBouncer, "no more connections allowed"),
            says(PgBouncer, "client connections exceeded (max_client_conn)"),
            says(PgBouncer, "client connections exceeded (max_db_client_connections)"),
            says(Steadfast, "PgBouncer's max_client_conn is reached"),
        ],
        happened: "max_client_conn of PgBouncer is reached.",
        causes: &[
            "the pools of all processes together are larger than it (100 unless set)",
            "clients leak connections",
        ],
        remedies: &[
            "Raise max_client_conn: a client costs PgBouncer some kilobytes. Mind the limit of open files.",
            "Or lower the pools.",
        ],
        retry: Retry::Backoff,
        steadfast: "Keeps its good connections in use, and tries again gently.",
        related: &["too-many-connections"],
        ..POOLER
    },
    Entry {
        id: "pooler-database-unknown",
        title: "PgBouncer does not know the database",
        codes: &["08P01"],
        wordings: &[
            says(PgBouncer, "no such database: *"),
            says(PgBouncer, "FATAL: no such user"),
            says(PgBouncer, "bouncer config error"),
            says(PgBouncer, "database \"*\" is disabled"),
            says(Steadfast, "PgBouncer does not know this database"),
        ],
        happened: "Neither a line nor a `*` in its [databases] section matches.",
        causes: &["a slip, or a database that was added on the server only"],
        remedies: &["Add it to [databases] and `RELOAD`, or correct the name in the URL."],
        steadfast: "Tells it to all waiting callers at once.",
        related: &["database-unknown"],
        ..POOLER
    },
    Entry {
        id: "pooler-login-failing",
        title: "PgBouncer cannot log in to its database",
        codes: &["08P01", "08001"],
        wordings: &[
            says(PgBouncer, "server login has been failing, try again later (server_login_retry)"),
            says(PgBouncer, "server login has been failing, cached error:"),
            says(PgBouncer, "server login has been failing"),
            says(PgBouncer, "cannot connect to server"),
            says(PgBouncer, "server DNS lookup failed"),
            says(PgBouncer, "connect failed (server_connect_timeout)"),
            says(PgBouncer, "pgbouncer cannot connect to server"),
            says(Steadfast, "the database behind PgBouncer refuses its logins"),
            says(Steadfast, "the pooler does not reach the database behind it"),
            says(Steadfast, "a server behind the one connected to cannot be reached"),
        ],
        happened: "PgBouncer works; the database behind it is down or refuses the login, and PgBouncer waits before its next try.",
        causes: &["the database is down or restarting", "its password was changed and PgBouncer's was not"],
        remedies: &[
            "Look at the database first, then at PgBouncer's log, which has the real reason.",
            "After a change of password: change auth_file too, and `RELOAD`.",
        ],
        retry: Retry::Backoff,
        steadfast: "Waits as for a server that is down.",
        related: &["wrong-password", "pooler-queue-timeout"],
        ..POOLER
    },
    Entry {
        id: "pooler-closed-connection",
        title: "PgBouncer closed the connection",
        codes: &["08P01"],
        wordings: &[
            says(PgBouncer, "client_idle_timeout"),
            says(PgBouncer, "idle transaction timeout"),
            says(PgBouncer, "FATAL: query timeout"),
            says(PgBouncer, "error: query timeout"),
            says(PgBouncer, "server conn crashed?"),
            says(PgBouncer, "pgbouncer is shutting down"),
            says(Steadfast, "PgBouncer closes idle clients"),
            says(Steadfast, "PgBouncer lost its connection to the database"),
        ],
        happened: "PgBouncer ended this client's connection, and said which of its rules did it, or that the server went away under it.",
        causes: &[
            "one of PgBouncer's timeouts is shorter than the client's idle time",
            "the database crashed or was restarted",
        ],
        remedies: &[
            "Keep the pool's idle time below client_idle_timeout.",
            "For `server conn crashed?` look at the database's log.",
        ],
        retry: Retry::ResolveCommit,
        steadfast: "Sees the words at once, replaces the connection, and runs again what was provably not committed.",
        related: &["closed-unexpectedly", "idle-session-timeout"],
        ..POOLER
    },
];
