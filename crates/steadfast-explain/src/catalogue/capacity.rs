//! Slots, memory and disk.

use super::says;
use crate::client::Client::{Asyncpg, Server, Steadfast};
use crate::entry::{Entry, Retry};
use crate::layer::Layer;

const CAPACITY: Entry = Entry::in_layer(Layer::Capacity);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "too-many-connections",
        title: "All connection slots of the server are taken",
        codes: &["53300"],
        wordings: &[
            says(Server, "sorry, too many clients already"),
            says(Asyncpg, "TooManyConnectionsError: sorry, too many clients already"),
            says(Steadfast, "all connection slots are taken: processes x (size + max_overflow)"),
        ],
        happened: "max_connections is reached.",
        causes: &[
            "processes x (pool size + overflow) of all applications together exceed max_connections",
            "old versions still run beside new ones during a deployment",
            "connections leak, or sit idle in pools that are larger than they need to be",
        ],
        remedies: &[
            "Count who holds them: `SELECT application_name, usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3 ORDER BY 4 DESC`.",
            "Lower the pools so that all processes together stay below max_connections - superuser_reserved_connections.",
            "With many processes put a pooler in between; raising max_connections costs memory for each.",
        ],
        retry: Retry::Backoff,
        steadfast: "Keeps its good connections in use, never opens more than size + max_overflow, and tries again gently.",
        related: &["slots-reserved", "too-many-connections-for-role", "pool-exhausted"],
        ..CAPACITY
    },
    Entry {
        id: "slots-reserved",
        title: "Only reserved connection slots are left",
        codes: &["53300"],
        wordings: &[
            says(Server, "remaining connection slots are reserved for non-replication superuser connections"),
            says(Server, "remaining connection slots are reserved for roles with"),
            says(Server, "remaining connection slots are reserved"),
        ],
        happened: "Ordinary slots are used up; the last few are kept for superusers, so that somebody can still look.",
        causes: &["the same as for `too-many-connections`"],
        remedies: &[
            "Log in as a superuser, who still gets in, and count who holds them in pg_stat_activity.",
            "Lower the pools, or put a pooler in between.",
        ],
        retry: Retry::Backoff,
        steadfast: "Keeps its good connections in use, and tries again gently.",
        related: &["too-many-connections"],
        ..CAPACITY
    },
    Entry {
        id: "too-many-connections-for-role",
        title: "The role or the database has reached its own limit",
        codes: &["53300"],
        wordings: &[
            says(Server, "too many connections for role \"*\""),
            says(Server, "too many connections for database \"*\""),
        ],
        happened: "A CONNECTION LIMIT of the role or of the database is reached, while the server has slots left.",
        causes: &[
            "a small plan of a hosted database",
            "ALTER ROLE .. CONNECTION LIMIT below processes x pool",
        ],
        remedies: &[
            "See the limits: `SELECT rolname, rolconnlimit FROM pg_roles`; `SELECT datname, datconnlimit FROM pg_database`.",
            "Raise it (`ALTER ROLE name CONNECTION LIMIT 50`), or lower the pools.",
        ],
        retry: Retry::Backoff,
        steadfast: "Keeps its good connections in use, and tries again gently.",
        related: &["too-many-connections"],
        ..CAPACITY
    },
    Entry {
        id: "shared-memory-segment",
        title: "The server cannot get shared memory",
        codes: &["53100"],
        wordings: &[
            says(Server, "could not resize shared memory segment \"*\" to * bytes: No space left on device"),
            says(Server, "could not resize shared memory segment"),
        ],
        happened: "A parallel query needed shared memory, and /dev/shm of the server's container is full.",
        causes: &["containers get 64 MB of /dev/shm unless told otherwise"],
        remedies: &[
            "Give it more: Railway `RAILWAY_SHM_SIZE_BYTES`, Docker `--shm-size=256m`, Kubernetes an emptyDir of medium Memory.",
            "Until then: `SET max_parallel_workers_per_gather = 0`.",
        ],
        steadfast: "Passes it on: the next large query would meet it again.",
        related: &["disk-full", "server-out-of-memory"],
        ..CAPACITY
    },
    Entry {
        id: "disk-full",
        title: "The server's disk is full",
        codes: &["53100"],
        wordings: &[
            says(Server, "could not extend file \"*\": No space left on device"),
            says(Server, "could not write to file \"*\": No space left on device"),
            says(Server, "No space left on device"),
            says(Steadfast, "the server's disk is full: free space"),
        ],
        happened: "The server could not write. If the log's volume is full, it stops altogether.",
        causes: &[
            "data outgrew the volume",
            "a replication slot that nobody reads keeps old log files",
            "a query wrote huge temporary files",
        ],
        remedies: &[
            "Enlarge the volume. Do not delete anything in pg_wal by hand.",
            "Look for forgotten slots: `SELECT slot_name, active, restart_lsn FROM pg_replication_slots`, and drop them.",
        ],
        retry: Retry::Backoff,
        steadfast: "Waits: nothing was applied.",
        related: &["shared-memory-segment", "read-only-server"],
        ..CAPACITY
    },
    Entry {
        id: "server-out-of-memory",
        title: "The server is out of memory",
        codes: &["53200", "53", "53000"],
        wordings: &[
            says(Server, "ERROR: out of memory"),
            says(Server, "out of shared memory"),
            says(Server, "You might need to increase max_locks_per_transaction"),
            says(Server, "could not fork new process for connection"),
            says(Steadfast, "the server is out of memory: lower work_mem"),
            says(Steadfast, "the server is short of a resource: look at its disk, memory and log"),
        ],
        happened: "The server could not get memory, a process or a lock's place for this.",
        causes: &[
            "work_mem times operations times connections exceeds what there is",
            "one transaction touches thousands of tables or partitions",
        ],
        remedies: &[
            "Lower work_mem or the number of connections, or give the server more memory.",
            "For \"out of shared memory\" raise max_locks_per_transaction.",
        ],
        retry: Retry::Backoff,
        steadfast: "Waits: nothing was applied.",
        related: &["crash-of-another-process", "in-recovery"],
        ..CAPACITY
    },
    Entry {
        id: "server-limit-exceeded",
        title: "A limit of the server is exceeded",
        codes: &["53400", "54"],
        wordings: &[
            says(Server, "temporary file size exceeds temp_file_limit"),
            says(Server, "stack depth limit exceeded"),
            says(Server, "target lists can have at most"),
            says(Server, "index row size * exceeds"),
            says(Steadfast, "a configured limit of the server is exceeded: the message names it"),
            says(Steadfast, "the statement exceeds a limit of the server: make it smaller"),
        ],
        happened: "The statement needs more than the server allows for one.",
        causes: &["a sort or a join over everything", "a statement with thousands of values or columns"],
        remedies: &[
            "Make it smaller, or do it in pieces.",
            "If it must be, raise the limit that the message names.",
        ],
        steadfast: "Passes it on; the connection stays good.",
        related: &["disk-full"],
        ..CAPACITY
    },
];
