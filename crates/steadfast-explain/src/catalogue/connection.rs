//! A connection that worked and is gone.

use super::says;
use crate::client::Client::{
    Asyncpg, Go, Jdbc, Libpq, NodePostgres, Psycopg2, Psycopg3, Python, Server, Sqlx, Steadfast, System,
    TokioPostgres,
};
use crate::entry::{Entry, Retry, Role};
use crate::layer::Layer;

const CONNECTION: Entry = Entry { retry: Retry::ResolveCommit, ..Entry::in_layer(Layer::Connection) };

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "closed-unexpectedly",
        title: "The server closed the connection unexpectedly",
        codes: &["08006", "08003", "08"],
        wordings: &[
            says(Libpq, "server closed the connection unexpectedly"),
            says(Psycopg3, "the connection is lost"),
            says(Asyncpg, "connection was closed in the middle of operation"),
            says(Asyncpg, "ConnectionDoesNotExistError"),
            says(TokioPostgres, "error communicating with the server: unexpected end of file"),
            says(TokioPostgres, "kind: Closed"),
            says(TokioPostgres, "error: connection closed"),
            says(Sqlx, "expected to read 5 bytes, got 0 bytes at EOF"),
            says(Sqlx, "error communicating with database: unexpected end of file"),
            says(NodePostgres, "Connection terminated unexpectedly"),
            says(NodePostgres, "Client has encountered a connection error and is not queryable"),
            says(Jdbc, "An I/O error occurred while sending to the backend"),
            says(Go, "driver: bad connection"),
            says(Go, "unexpected EOF"),
            says(Steadfast, "the connection was closed without a word from the server"),
            says(Steadfast, "the connection broke: "),
            says(Steadfast, "the connection was already gone"),
            says(Steadfast, "the connection failed: look at the server's log for a crash or restart"),
            says(Steadfast, "the way between pooler and database, or between databases, broke"),
        ],
        role: Role::Symptom,
        happened: "The connection was open, and its other end is gone. This text is what is left when nobody kept the reason: \
                   the server usually sends a FATAL before it closes, and most clients throw it away.",
        causes: &[
            "an edge, proxy or NAT closed it after some minutes of silence, while it sat in a pool",
            "the server was restarted, failed over, or crashed; its log says which",
            "one connection was used by two processes after a fork (gunicorn with --preload)",
        ],
        remedies: &[
            "Look at the server's log for the same second: the reason stands there.",
            "Test connections before use, and retire them before the path does: pre-ping, recycle, keepalives.",
            "Make a pool of its own in each worker after it was forked; never use one from before.",
            "Measure the idle limit of the path, instead of believing in five minutes.",
        ],
        steadfast: "Reads every connection all the time, keeps the server's last words and shows them, verifies what was idle, replaces \
                    what died before anybody meets it, and runs again what was provably not committed.",
        related: &[
            "terminated-by-administrator",
            "silent-path",
            "connection-shared",
            "closed-while-connecting",
        ],
        ..CONNECTION
    },
    Entry {
        id: "terminated-by-administrator",
        title: "The connection was ended by an administrator's command",
        codes: &["57P01", "57"],
        wordings: &[
            says(Server, "terminating connection due to administrator command"),
            says(Asyncpg, "AdminShutdownError"),
            says(Psycopg3, "AdminShutdown"),
            says(Server, "terminating walsender process due to administrator command"),
            says(Steadfast, "an operator or the server itself intervened"),
            says(Steadfast, "an administrator, a restart or a failover ended the connection"),
        ],
        happened: "The server ended this session on purpose, and said so.",
        causes: &["a restart, an update or a failover", "pg_terminate_backend, by a person or a tool"],
        remedies: &[
            "Connect again; that is enough. If it happens every few minutes, find out who restarts or terminates.",
        ],
        steadfast: "Sees it the moment it happens, distrusts all connections of the same age once, and goes on with fresh ones.",
        related: &["shutting-down", "closed-unexpectedly", "read-only-server"],
        ..CONNECTION
    },
    Entry {
        id: "crash-of-another-process",
        title: "Another server process crashed",
        codes: &["57P02"],
        wordings: &[
            says(Server, "terminating connection because of crash of another server process"),
            says(Asyncpg, "CrashShutdownError"),
            says(Steadfast, "another server process crashed and took all connections along"),
        ],
        happened: "One process of the server died, and the server ended all sessions, since shared memory may be damaged.",
        causes: &[
            "the kernel ended it for want of memory (signal 9)",
            "a defect in an extension (signal 11)",
            "somebody used kill -9",
        ],
        remedies: &[
            "Read the server's log just before: `server process (PID ..) was terminated by signal ..`.",
            "For signal 9 lower work_mem and the number of connections, or give it memory.",
        ],
        steadfast: "Waits for the end of recovery, and never takes the outcome of a COMMIT from before the crash on trust.",
        related: &["in-recovery", "server-out-of-memory"],
        ..CONNECTION
    },
    Entry {
        id: "idle-session-timeout",
        title: "The server ended an idle session",
        codes: &["57P05"],
        wordings: &[
            says(Server, "terminating connection due to idle-session timeout"),
            says(Asyncpg, "IdleSessionTimeoutError"),
            says(Steadfast, "idle_session_timeout of the server is shorter than the pool's idle_timeout"),
        ],
        happened: "The session did nothing for longer than idle_session_timeout.",
        causes: &["the pool keeps connections for longer than the server does"],
        remedies: &[
            "Set the pool's idle timeout to 0.8 of the server's; ask it by `SHOW idle_session_timeout`.",
        ],
        retry: Retry::Backoff,
        steadfast: "Notices it for nothing and replaces the connection before anybody meets it.",
        related: &["closed-unexpectedly", "idle-in-transaction-timeout"],
        ..CONNECTION
    },
    Entry {
        id: "silent-path",
        title: "The path went silent",
        wordings: &[
            says(Libpq, "could not receive data from server: Connection timed out"),
            says(Libpq, "could not receive data from server: Operation timed out"),
            says(Libpq, "could not send data to server: Connection timed out"),
            says(Libpq, "SSL SYSCALL error: Connection timed out"),
            says(Libpq, "SSL SYSCALL error: Operation timed out"),
            says(NodePostgres, "read ETIMEDOUT"),
            says(Jdbc, "java.net.SocketTimeoutException: Read timed out"),
            says(Go, "read: connection timed out"),
            says(Python, "TimeoutError: [Errno 110] Connection timed out"),
            says(System, "Connection timed out"),
            says(Steadfast, "the path went silent: a firewall or NAT drops packets"),
            says(Steadfast, "the path to the server went silent"),
            says(Steadfast, "verifying an idle connection: no answer within"),
            says(Steadfast, "the server is not working on the statement, and its answer never came"),
            says(Steadfast, "no answer to SELECT 1 in time"),
        ],
        happened: "Packets leave and nothing comes back: neither end was told that the connection is gone.",
        causes: &[
            "a NAT or firewall forgot the connection after some minutes of silence",
            "the host died, or its address moved in a failover",
            "a network between is down",
        ],
        remedies: &[
            "Set keepalives (idle 20 s, interval 10 s, count 5) and tcp_user_timeout: without them the kernel waits a quarter of an hour.",
            "Give every statement a deadline on the client's side; keepalives do not fire while data is on its way.",
        ],
        steadfast: "Keepalives, tcp_user_timeout, a ping of at most 0.8 s before an old connection is used, and another connection \
                    beside a slow one.",
        related: &["connect-timeout", "closed-unexpectedly"],
        ..CONNECTION
    },
    Entry {
        id: "connection-reset",
        title: "The connection was reset",
        wordings: &[
            says(System, "Connection reset by peer"),
            says(System, "Broken pipe"),
            says(System, "Software caused connection abort"),
            says(Libpq, "could not receive data from server: Connection reset by peer"),
            says(Libpq, "could not send data to server: Broken pipe"),
            says(NodePostgres, "read ECONNRESET"),
            says(NodePostgres, "write EPIPE"),
            says(Jdbc, "java.net.SocketException: Connection reset"),
            says(Jdbc, "java.net.SocketException: Broken pipe"),
            says(Steadfast, "a proxy, firewall or the server's host cut the connection"),
        ],
        role: Role::Symptom,
        happened: "The other end answered a packet by saying that it knows no such connection, or had closed it before.",
        causes: &[
            "a proxy or firewall dropped its state and cuts what comes late",
            "the server's process or host ended without a goodbye",
        ],
        remedies: &[
            "Look at the server's log for a restart or crash at that time.",
            "If there is none, it is the path: retire idle connections earlier, and test before use.",
        ],
        steadfast: "Sees it at once, replaces the connection, and runs again what was provably not committed.",
        related: &["closed-unexpectedly", "silent-path", "ssl-connection-cut"],
        ..CONNECTION
    },
    Entry {
        id: "ssl-closed-unexpectedly",
        title: "The TLS connection was closed unexpectedly",
        wordings: &[
            says(Libpq, "SSL connection has been closed unexpectedly"),
            says(Jdbc, "SSL peer shut down incorrectly"),
            says(TokioPostgres, "peer closed connection without sending TLS close_notify"),
        ],
        role: Role::Symptom,
        happened: "The same as `closed-unexpectedly`, under TLS: the other end closed, and the reason was thrown away.",
        causes: &[
            "an edge or proxy closed an idle connection",
            "the server was restarted or crashed",
            "a connection was shared across a fork",
        ],
        remedies: &[
            "As under `closed-unexpectedly`: server's log, pre-ping, recycle, a pool for each worker.",
        ],
        steadfast: "As under `closed-unexpectedly`.",
        related: &["closed-unexpectedly", "tls-connection-shared"],
        ..CONNECTION
    },
    Entry {
        id: "ssl-connection-cut",
        title: "The path was cut under TLS",
        wordings: &[
            says(Libpq, "SSL SYSCALL error: Connection reset by peer"),
            says(Libpq, "SSL SYSCALL error: EOF detected"),
            says(Libpq, "SSL SYSCALL error: Success"),
            says(Libpq, "SSL SYSCALL error: Broken pipe"),
            says(Libpq, "SSL error: unexpected eof while reading"),
            says(Psycopg2, "SSL SYSCALL error: Bad file descriptor"),
        ],
        role: Role::Symptom,
        happened: "TCP ended beneath TLS without a goodbye.",
        causes: &["a proxy or NAT closed an idle connection", "the server or its host went down"],
        remedies: &[
            "Look at the server's log; if it has nothing, retire idle connections earlier, and test before use.",
        ],
        steadfast: "Sees it at once, replaces the connection, and runs again what was provably not committed.",
        related: &["connection-reset", "ssl-closed-unexpectedly"],
        ..CONNECTION
    },
    Entry {
        id: "tls-connection-shared",
        title: "A TLS connection was used by two processes",
        wordings: &[
            says(Libpq, "SSL error: decryption failed or bad record mac"),
            says(Libpq, "decryption failed or bad record mac"),
            says(Libpq, "bad record mac"),
            says(Libpq, "SSL error: bad length"),
            says(Psycopg2, "error with status PGRES_TUPLES_OK and no message from the libpq"),
        ],
        retry: Retry::Never,
        happened: "Bytes of the stream were taken by another process, so that what is left cannot be decrypted.",
        causes: &[
            "a connection was opened before fork(), and parent and child, or two workers, use it (gunicorn --preload, uWSGI, Celery, multiprocessing)",
        ],
        remedies: &[
            "Open the pool in each worker after the fork (gunicorn: post_fork; uWSGI: lazy-apps or postfork).",
            "Do not close the inherited one in the child: that sends a goodbye on the parent's connection. SQLAlchemy: `engine.dispose(close=False)`.",
        ],
        steadfast: "Notices the fork for the price of a load: the child finds an empty pool and forgets what it inherited without a byte.",
        related: &["connection-shared"],
        ..CONNECTION
    },
    Entry {
        id: "connection-shared",
        title: "One connection was used by two at once",
        wordings: &[
            says(Libpq, "lost synchronization with server"),
            says(Libpq, "message contents do not agree with length in message type"),
            says(Libpq, "message type 0x* arrived from server while idle"),
            says(Psycopg2, "another command is already in progress"),
            says(Psycopg2, "can't execute query: another command is already in progress"),
            says(Psycopg2, "error with status PGRES_TUPLES_OK"),
            says(Asyncpg, "cannot perform operation: another operation is in progress"),
            says(Asyncpg, "got Future * attached to a different loop"),
            says(Python, "This result object does not return rows. It has been closed automatically"),
            says(Jdbc, "Expected command status BEGIN, got"),
            says(Steadfast, "the stream is damaged"),
            says(Steadfast, "or one connection used twice"),
        ],
        codes: &["08P01"],
        retry: Retry::Never,
        happened: "Two processes, threads or tasks wrote to the same connection, and each got pieces of the other's answers. Rows of \
                   another request may have been delivered.",
        causes: &[
            "a pool from before fork()",
            "one connection or session object shared between threads or tasks",
            "a program that sends the wrong number of parameters (08P01 alone)",
        ],
        remedies: &[
            "One connection for one user at a time: take it from a pool for each unit of work.",
            "Open the pool in each worker after the fork; see `tls-connection-shared`.",
        ],
        steadfast: "A lease belongs to one task, and is empty in another process.",
        related: &["tls-connection-shared", "closed-unexpectedly"],
        ..CONNECTION
    },
];
