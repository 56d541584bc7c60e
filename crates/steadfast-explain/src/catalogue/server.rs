//! The server's state and configuration.

use super::says;
use crate::client::Client::{Asyncpg, Jdbc, Libpq, Server, Sqlx, Steadfast, TokioPostgres};
use crate::entry::{Entry, Retry};
use crate::layer::Layer;

const SERVER: Entry = Entry::in_layer(Layer::Server);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "starting-up",
        title: "The server is starting",
        codes: &["57P03"],
        wordings: &[
            says(Server, "the database system is starting up"),
            says(Server, "the database system is not yet accepting connections"),
            says(Asyncpg, "CannotConnectNowError: the database system is starting up"),
            says(Steadfast, "the server is starting, stopping or recovering: wait"),
        ],
        happened: "The server is there, and has not finished its start.",
        causes: &[
            "it was just started",
            "it replays its log after a crash, which takes as long as it wrote since the last checkpoint",
        ],
        remedies: &[
            "Wait. Bridge it at your own start: `steadfast wait -- your command`.",
            "If it lasts for minutes, look at the server's log: it says how far the recovery is.",
        ],
        retry: Retry::Backoff,
        steadfast: "Waits: callers queue until their deadline and are served within 0.1 to 1 s of the server's return.",
        related: &["in-recovery", "shutting-down"],
        ..SERVER
    },
    Entry {
        id: "shutting-down",
        title: "The server is shutting down",
        codes: &["57P03"],
        wordings: &[says(Server, "the database system is shutting down")],
        happened: "The server takes no new connections, since it is about to end.",
        causes: &["a restart, an update, a failover", "a shutdown that waits for sessions which do not end"],
        remedies: &[
            "Wait for its return. If it hangs in this state, end old sessions, or stop it in mode `fast`.",
        ],
        retry: Retry::Backoff,
        steadfast: "Waits as for any outage; in-flight work that is proven not to be committed is run again.",
        related: &["starting-up", "terminated-by-administrator"],
        ..SERVER
    },
    Entry {
        id: "in-recovery",
        title: "The server recovers from a crash",
        codes: &["57P03"],
        wordings: &[
            says(Server, "the database system is in recovery mode"),
            says(Server, "Consistent recovery state has not been yet reached"),
            says(Server, "Hot standby mode is disabled"),
        ],
        happened: "A server process died, and the server replays its log before it serves again.",
        causes: &[
            "the kernel ended a process for want of memory",
            "a crash in an extension, or a full disk",
            "a standby that does not serve reads (`hot_standby = off`)",
        ],
        remedies: &[
            "Wait for the end of recovery, then look in the server's log for what came before it: `was terminated by signal 9`.",
            "Out of memory: lower work_mem and the number of connections, or give it more.",
        ],
        retry: Retry::Backoff,
        steadfast: "Waits, and takes no connection from before the crash on trust.",
        related: &["crash-of-another-process", "starting-up", "server-out-of-memory"],
        ..SERVER
    },
    Entry {
        id: "read-only-server",
        title: "This server takes no writes",
        codes: &["25006"],
        wordings: &[
            says(Server, "cannot execute * in a read-only transaction"),
            says(Asyncpg, "ReadOnlySQLTransactionError"),
            says(Libpq, "session is read-only"),
            says(Libpq, "server is in hot standby mode"),
            says(TokioPostgres, "session does not accept writes"),
            says(TokioPostgres, "database does not allow writes"),
            says(Jdbc, "Could not find a server with specified targetServerType: primary"),
            says(Steadfast, "this is a standby or a demoted primary, or the transaction is read-only"),
            says(Steadfast, "is a standby, and target_session_attrs="),
            says(Steadfast, "does not accept writes, and target_session_attrs="),
        ],
        happened: "A write reached a standby, a primary that was demoted, or a transaction that was opened for reading.",
        causes: &[
            "after a failover the pool still holds connections to the old primary: they answer every ping and refuse every write",
            "the URL names a read replica",
            "default_transaction_read_only is on, as some platforms set it when the disk is full",
        ],
        remedies: &[
            "List all servers in the URL, with target_session_attrs=read-write, and drop the connections that are open.",
            "Ask: `SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')`.",
        ],
        retry: Retry::Backoff,
        steadfast: "Where a primary is expected it counts this as a lost connection, distrusts all of the same age, and looks for \
                    the primary among the hosts.",
        related: &["wrong-kind-of-server", "terminated-by-administrator"],
        ..SERVER
    },
    Entry {
        id: "wrong-kind-of-server",
        title: "The server is not of the kind asked for",
        wordings: &[
            says(Libpq, "server is not in hot standby mode"),
            says(Libpq, "session is not read-only"),
            says(Asyncpg, "None of the hosts match the target attribute requirement"),
            says(Libpq, "invalid target_session_attrs value"),
            says(Jdbc, "Could not find a server with specified targetServerType"),
            says(Steadfast, "accepts writes, and target_session_attrs="),
            says(Steadfast, "is not a standby, and target_session_attrs="),
        ],
        happened: "The login worked, and target_session_attrs wants another kind of server.",
        causes: &[
            "target_session_attrs=standby against a primary, or the reverse",
            "a failover is under way, and no server has the role yet",
        ],
        remedies: &["List all servers of the cluster as hosts, or ask for `any` or `prefer-standby`."],
        steadfast: "Asks all hosts in turn, and says of each what it found.",
        related: &["read-only-server"],
        ..SERVER
    },
    Entry {
        id: "startup-parameter-invalid",
        title: "A setting in the URL is refused by the server",
        wordings: &[
            says(Server, "FATAL: unrecognized configuration parameter \"*\""),
            says(Server, "unrecognized configuration parameter \"*\""),
            says(Server, "invalid value for parameter \"*\""),
            says(Server, "parameter \"*\" cannot be changed now"),
            says(Server, "parameter \"*\" cannot be set after connection start"),
            says(Server, "permission denied to set parameter \"*\""),
            says(Server, "invalid command-line argument for server process"),
        ],
        happened: "Settings travel with the login (`options=-c name=value`), and the server does not take one of them.",
        causes: &[
            "a slip in its name or value",
            "a setting of another version, or of an extension that is not loaded",
            "a client's own parameter that was sent on to the server",
        ],
        remedies: &[
            "Try it by hand: `SET name = 'value'`. Then correct `options` or PGOPTIONS, or leave it out.",
        ],
        steadfast: "Sends only what is configured, and tells which part the server refused.",
        related: &["pooler-startup-parameter", "url-parameter-unknown"],
        ..SERVER
    },
    Entry {
        id: "database-dropped",
        title: "The database was dropped",
        codes: &["57P04"],
        wordings: &[
            says(Server, "terminating connection due to * database * dropped"),
            says(Steadfast, "the database was dropped: check the database name in the URL"),
        ],
        happened: "The database of this connection does not exist any more.",
        causes: &["DROP DATABASE .. WITH (FORCE), most often by a test or a restore"],
        remedies: &["Find out who dropped it, restore it, or correct the name in the URL."],
        steadfast: "Tells it to all waiting callers at once.",
        related: &["database-unknown"],
        ..SERVER
    },
    Entry {
        id: "server-internal-error",
        title: "The server met an error of its own",
        codes: &["XX", "XX000", "58", "58000", "58P01", "F0"],
        wordings: &[
            says(Server, "could not open file \"*\": No such file or directory"),
            says(Server, "could not read block"),
            says(Server, "cache lookup failed for"),
            says(Steadfast, "an internal error of the server: look at its log"),
            says(Steadfast, "the server met an error of its system: look at its log and disk"),
        ],
        happened: "Something failed within the server, or between it and its disk.",
        causes: &[
            "a disk that fails or is full",
            "a defect of the server or of an extension",
            "a pooler, which uses XX000 for much of what it says itself",
        ],
        remedies: &[
            "Read the server's log around this moment.",
            "Update to the latest minor version; report it with the whole message.",
        ],
        steadfast: "Passes it on with the server's words, and does not repeat the statement.",
        related: &["data-corrupted", "disk-full"],
        ..SERVER
    },
    Entry {
        id: "data-corrupted",
        title: "Data on the server's disk is damaged",
        codes: &["XX001", "XX002"],
        wordings: &[
            says(Server, "invalid page in block"),
            says(Server, "invalid page header in block"),
            says(Server, "missing chunk number"),
            says(Server, "page verification failed"),
            says(Steadfast, "data on the server's disk is damaged: stop writing"),
            says(Steadfast, "an index on the server is damaged"),
        ],
        happened: "A page of a table or of an index does not make sense.",
        causes: &[
            "a disk, a controller or a file system that lies about what it has written",
            "files that were copied while the server ran",
        ],
        remedies: &[
            "Stop writing, and copy the data directory before anything else.",
            "An index can be built anew: `REINDEX INDEX name`. A table: restore it from a backup.",
        ],
        steadfast: "Passes it on. No client can mend it.",
        related: &["server-internal-error"],
        ..SERVER
    },
    Entry {
        id: "server-answers-nothing",
        title: "The server answers, but not what was asked",
        wordings: &[
            says(Steadfast, "the server gave no answer to"),
            says(Steadfast, "what answers there is no full PostgreSQL"),
            says(Sqlx, "encountered unexpected or invalid data"),
        ],
        happened: "The login worked, and a simple question was not answered as PostgreSQL answers it.",
        causes: &[
            "a database that speaks only a part of the protocol",
            "a pooler's console (`pgbouncer`, `pgcat`) as the database's name",
        ],
        remedies: &["Check the database's name; with such a server use target_session_attrs=any."],
        retry: Retry::Backoff,
        steadfast: "Goes on trying the other hosts.",
        related: &["not-postgresql"],
        ..SERVER
    },
];
