//! The application's own use of its connections.

use super::says;
use crate::client::Client::{
    Asyncpg, Gunicorn, Jdbc, NodePostgres, Psycopg2, Psycopg3, SqlAlchemy, Sqlx, Steadfast, TokioPostgres,
};
use crate::entry::{Entry, Retry, Role};
use crate::layer::Layer;

const APPLICATION: Entry = Entry::in_layer(Layer::Application);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "pool-exhausted",
        title: "No connection of the pool was free in time",
        role: Role::Symptom,
        wordings: &[
            says(SqlAlchemy, "QueuePool limit of size * overflow * reached, connection timed out"),
            says(SqlAlchemy, "QueuePool limit of size"),
            says(Psycopg3, "couldn't get a connection after"),
            says(Psycopg3, "psycopg_pool.PoolTimeout"),
            says(Psycopg2, "connection pool exhausted"),
            says(Sqlx, "pool timed out while waiting for an open connection"),
            says(TokioPostgres, "Timeout occurred while waiting for a slot to become available"),
            says(TokioPostgres, "timed out waiting for connection"),
            says(NodePostgres, "timeout exceeded when trying to connect"),
            says(Jdbc, "Connection is not available, request timed out after"),
            says(Steadfast, "no connection after * s of waiting for one to be returned"),
            says(Steadfast, "no connection after * s of opening one"),
            says(Steadfast, "no connection after * s of verifying one"),
            says(Steadfast, "connections are held for too long or leak"),
        ],
        retry: Retry::Backoff,
        happened: "A caller waited for the pool's whole timeout, and no connection came back. Nothing was sent.",
        causes: &[
            "connections leak: taken, and not given back on every path",
            "they are held during slow work that needs no database",
            "the database is slow or away, and everybody waits",
            "the pool is smaller than what runs at once; or one task takes a second connection while it holds the first",
        ],
        remedies: &[
            "See what the connections do: `SELECT state, wait_event_type, now() - state_change, query FROM pg_stat_activity`. `idle in transaction` means a leak.",
            "Give connections back by scope (`with`, `defer`, drop), and before calls to other services.",
            "Raise the pool only while processes x (size + overflow) stays below max_connections.",
        ],
        steadfast: "Says how many are in use, who waits, and why connecting fails if it does; STEADFAST_POOL_LEAK_TRACKING=on names the holders.",
        related: &["pool-queue-full", "too-many-connections", "worker-timeout"],
        ..APPLICATION
    },
    Entry {
        id: "pool-queue-full",
        title: "Too many callers wait for a connection",
        role: Role::Symptom,
        wordings: &[says(Steadfast, "callers are waiting already (max_waiters)")],
        retry: Retry::Backoff,
        happened: "max_waiters callers were waiting already, so that this one was refused at once instead of waiting in vain.",
        causes: &["more requests than the database can serve", "the database is away, and requests pile up"],
        remedies: &[
            "Make statements faster, shed load earlier, or raise pool.max_waiters if the wait is worth it.",
        ],
        steadfast: "Answers 503 with Retry-After at once; those who wait are served in order.",
        related: &["pool-exhausted"],
        ..APPLICATION
    },
    Entry {
        id: "connecting-fails-for-good",
        title: "Connecting fails, and waiting will not help",
        role: Role::Symptom,
        wordings: &[says(Steadfast, "no connection, and waiting will not help")],
        happened: "The last try to connect failed for a reason that only a change can mend; it stands behind `connecting fails`.",
        causes: &["a wrong password, database, certificate or option"],
        remedies: &["Read on in the same message, and explain that part: `steadfast explain \"...\"`."],
        steadfast: "Lets nobody wait in vain; tries at most once a second, on demand, so that nobody is locked out.",
        related: &["wrong-password", "database-unknown"],
        ..APPLICATION
    },
    Entry {
        id: "pool-closed",
        title: "The pool is closed",
        role: Role::Aftermath,
        wordings: &[
            says(Steadfast, "no connection: the pool is closed"),
            says(Sqlx, "attempted to acquire a connection on a closed pool"),
            says(Psycopg3, "the pool * is not open yet"),
            says(Psycopg3, "the pool * is already closed"),
            says(Psycopg3, "psycopg_pool.PoolClosed"),
            says(Asyncpg, "pool is closed"),
            says(Asyncpg, "pool is closing"),
            says(NodePostgres, "Cannot use a pool after calling end on the pool"),
            says(Jdbc, "HikariDataSource * has been closed"),
            says(TokioPostgres, "Pool has been closed"),
        ],
        happened: "Work began after the pool had been closed, most often while the program was ending.",
        causes: &[
            "the program is shutting down and a task still runs",
            "the pool was closed after the first use, or in a test",
        ],
        remedies: &["Close the pool last, after everything that uses it has ended."],
        steadfast: "Drains requests before it closes the pool.",
        related: &["connection-already-closed"],
        ..APPLICATION
    },
    Entry {
        id: "connection-already-closed",
        title: "A closed connection was used again",
        role: Role::Aftermath,
        wordings: &[
            says(Psycopg2, "connection already closed"),
            says(Psycopg2, "cursor already closed"),
            says(Psycopg3, "the connection is closed"),
            says(Psycopg3, "the cursor is closed"),
            says(Asyncpg, "connection is closed"),
            says(Asyncpg, "cannot call Connection.* connection has been released back to the pool"),
            says(SqlAlchemy, "This Connection is closed"),
            says(NodePostgres, "Client was closed and is not queryable"),
            says(NodePostgres, "Called end on pool more than once"),
            says(NodePostgres, "Release called on client which has already been released to the pool"),
            says(Jdbc, "This connection has been closed"),
            says(Jdbc, "This statement has been closed"),
        ],
        retry: Retry::Transaction,
        happened: "The connection had died or been given back earlier, and the program went on using its handle.",
        causes: &[
            "the earlier death of the connection was not noticed: look for the first error",
            "a connection in a global variable",
            "a cursor used after its `with` block",
        ],
        remedies: &[
            "Find the first error above this one.",
            "Take a connection from a pool for each unit of work, and run the whole unit again.",
        ],
        steadfast: "A lease cannot be used after it was given back: the compiler sees to it.",
        related: &["closed-unexpectedly", "pool-closed"],
        ..APPLICATION
    },
    Entry {
        id: "worker-timeout",
        title: "gunicorn shot a worker",
        role: Role::Symptom,
        wordings: &[
            says(Gunicorn, "WORKER TIMEOUT (pid:*)"),
            says(Gunicorn, "was sent SIGKILL! Perhaps out of memory?"),
            says(Gunicorn, "Perhaps out of memory?"),
            says(Gunicorn, "was terminated due to signal 9"),
            says(Gunicorn, "gunicorn/workers/base.py* handle_abort"),
        ],
        retry: Retry::NotApplicable,
        happened: "A worker gave no sign of life for the timeout (30 s), and was ended. The guess about memory is gunicorn's own.",
        causes: &[
            "the worker hung in a database call: a silent path, a lock, a slow query, or a retry that sleeps",
            "seldom memory: then the kernel's log has a line of the OOM killer",
        ],
        remedies: &[
            "Set deadlines below the worker's timeout: connect_timeout, statement_timeout, tcp_user_timeout, the pool's timeout.",
            "Do not sleep between retries within a request.",
            "Look for what it left behind: a killed worker's query goes on in the server, with its locks.",
        ],
        steadfast: "Bounds every wait by the request's deadline, so that no worker hangs in the database.",
        related: &["silent-path", "statement-timeout", "lock-timeout"],
        ..APPLICATION
    },
    Entry {
        id: "address-in-use",
        title: "The address to listen on is taken",
        wordings: &[
            says(Steadfast, "another process has it"),
            says(Gunicorn, "Connection in use: ("),
            says(NodePostgres, "listen EADDRINUSE"),
            says(Steadfast, "Address already in use"),
        ],
        happened: "Another program listens on this port already.",
        causes: &["an older instance still runs", "two services want the same port"],
        remedies: &["Find it: `ss -ltnp | grep :8000`. End it, or choose another port (PORT)."],
        steadfast: "Ends with exit code 1 and names the address.",
        related: &["connection-refused"],
        ..APPLICATION
    },
    Entry {
        id: "foreign-table",
        title: "A table of this name belongs to somebody else",
        wordings: &[says(Steadfast, "the table * of another application")],
        happened: "The service found a table with the name of its own and other columns, and left it alone.",
        causes: &["the URL names the database of another application"],
        remedies: &["Give the service a database or a schema of its own."],
        steadfast: "Changes nothing, and ends with exit code 78.",
        related: &["relation-unknown"],
        ..APPLICATION
    },
];
