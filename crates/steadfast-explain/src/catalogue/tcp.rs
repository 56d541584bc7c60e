//! From address to socket.

use crate::entry::Client::{Asyncpg, Jdbc, Libpq, NodePostgres, Steadfast, System};
use crate::entry::{Entry, Layer, Retry, Wording};

const TCP: Entry = Entry::in_layer(Layer::Tcp);

pub(super) static ENTRIES: &[Entry] = &[Entry {
    id: "connection-refused",
    title: "Connection refused",
    wordings: &[
        Wording::new(System, "Connection refused"),
        Wording::new(Libpq, "connection to server at \"*\", port * failed: Connection refused"),
        Wording::new(Libpq, "could not connect to server: Connection refused"),
        Wording::new(Asyncpg, "ConnectionRefusedError"),
        Wording::new(Asyncpg, "Connect call failed"),
        Wording::new(NodePostgres, "connect ECONNREFUSED"),
        Wording::new(Jdbc, "Connection to * refused. Check that the hostname and port are correct"),
        Wording::new(Steadfast, "nothing listens there: check host and port"),
    ],
    happened: "The host answered, and no program listens on this port.",
    causes: &[
        "the server is not started, or is just being restarted",
        "the port is another one: 5432 is PostgreSQL's own, 6432 PgBouncer's, and platforms give ports of their own",
        "the server listens on another address only, such as 127.0.0.1 inside its container (`listen_addresses`)",
    ],
    remedies: &[
        "Check host and port in the URL against what the platform shows for this database.",
        "See whether the server runs: `pg_isready -h HOST -p PORT`, or the platform's status page.",
        "In containers, `localhost` is the container itself: use the name of the database's service.",
    ],
    retry: Retry::Backoff,
    steadfast: "waits with one reconnect loop for all callers, from 0.1 s to 1 s between tries; at start-up it tries \
                    after 2, 4, 8, 16 and 32 s.",
    related: &["connect-timeout", "no-route"],
    ..TCP
}];
