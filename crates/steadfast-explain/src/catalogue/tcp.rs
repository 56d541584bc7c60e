//! From address to socket.

use super::says;
use crate::client::Client::{
    Asyncpg, Go, Jdbc, Libpq, NodePostgres, Psycopg3, Python, Sqlx, Steadfast, System,
};
use crate::entry::{Entry, Retry};
use crate::layer::Layer;

const TCP: Entry = Entry::in_layer(Layer::Tcp);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "connection-refused",
        title: "Connection refused",
        wordings: &[
            says(System, "Connection refused"),
            says(Libpq, "connection to server at \"*, port * failed:*Connection refused"),
            says(Libpq, "could not connect to server: Connection refused"),
            says(Asyncpg, "ConnectionRefusedError"),
            says(Asyncpg, "Connect call failed ("),
            says(NodePostgres, "connect ECONNREFUSED"),
            says(Jdbc, "Connection to * refused. Check that the hostname and port are correct"),
            says(Steadfast, "nothing listens there: check host and port"),
        ],
        happened: "The host answered, and no program listens on this port.",
        causes: &[
            "the server is not started, or is just being restarted",
            "another port is meant: 5432 is PostgreSQL's own, 6432 PgBouncer's, and platforms give ports of their own",
            "the server listens on another address only, such as 127.0.0.1 inside its container (`listen_addresses`)",
        ],
        remedies: &[
            "Compare host and port with what the platform shows for this database.",
            "See whether the server runs: `pg_isready -h HOST -p PORT`, or the platform's status page.",
            "In a container, `localhost` is the container itself: use the name of the database's service.",
        ],
        retry: Retry::Backoff,
        steadfast: "Waits in one reconnect loop for all callers, 0.1 s to 1 s between tries; at start-up it tries after 2, 4, 8, \
                    16 and 32 s, and at once when the server appears.",
        related: &["connect-timeout", "no-route", "starting-up"],
        ..TCP
    },
    Entry {
        id: "no-route",
        title: "No route to the host",
        wordings: &[
            says(System, "No route to host"),
            says(System, "Network is unreachable"),
            says(System, "Cannot assign requested address"),
            says(NodePostgres, "connect EHOSTUNREACH"),
            says(NodePostgres, "connect ENETUNREACH"),
            says(Jdbc, "java.net.NoRouteToHostException"),
            says(Steadfast, "there is no route: the name may have only IPv6 addresses here"),
        ],
        happened: "This machine has no way to the address.",
        causes: &[
            "the name has only IPv6 addresses, and this network has no IPv6 (Supabase's direct host, older private networks)",
            "a network between is down, or the address belongs to a private network",
        ],
        remedies: &[
            "Look which addresses the name has: `getent ahosts NAME`.",
            "Use a host with an IPv4 address: the pooler's host, or the platform's IPv4 add-on.",
        ],
        steadfast: "Tries all addresses of both families, and names each with its error.",
        related: &["host-not-found", "connect-timeout"],
        ..TCP
    },
    Entry {
        id: "connect-timeout",
        title: "Nobody answers",
        wordings: &[
            says(Libpq, "connection to server at \"*, port * failed:*timeout expired"),
            says(Libpq, "connection to server at \"*, port * failed:*Connection timed out"),
            says(Libpq, "timeout expired"),
            says(Libpq, "could not connect to server: Connection timed out"),
            says(Libpq, "could not connect to server: Operation timed out"),
            says(Psycopg3, "connection timeout expired"),
            says(Psycopg3, "ConnectionTimeout"),
            says(Asyncpg, "async with compat.timeout(timeout):* raise TimeoutError"),
            says(NodePostgres, "connect ETIMEDOUT"),
            says(NodePostgres, "Connection terminated due to connection timeout"),
            says(NodePostgres, "timeout expired"),
            says(Jdbc, "java.net.SocketTimeoutException: Connect timed out"),
            says(Jdbc, "connect timed out"),
            says(Go, "dial tcp * i/o timeout"),
            says(Sqlx, "Connection timed out (os error 110)"),
            says(Steadfast, "the server does not answer"),
            says(Steadfast, "no answer within * while connecting to"),
            says(Steadfast, "no answer within * while negotiating TLS with"),
            says(Steadfast, "no answer within * while starting the session at"),
            says(Steadfast, "opening the connection: no connection within"),
        ],
        happened: "Packets were sent, and nothing came back in time.",
        causes: &[
            "a firewall or a security group drops them without a word",
            "a proxy took the connection and is stuck, so that TCP works and PostgreSQL does not answer",
            "the host is asleep, overloaded, or gone with its address",
        ],
        remedies: &[
            "Try from where the program runs: `nc -vz -w 5 HOST PORT`. If that hangs too, it is the network: allow this address.",
            "If the port opens and PostgreSQL stays silent, look at the proxy and at the server behind it.",
            "Bound the whole connect by one deadline: many drivers time the socket only and hang in what follows.",
        ],
        retry: Retry::Backoff,
        steadfast: "One deadline (connect_timeout, 10 s) over name, socket, TLS and login together; after a second of silence a \
                    fresh connect is begun beside the hung one.",
        related: &["silent-path", "connection-refused", "no-route"],
        ..TCP
    },
    Entry {
        id: "closed-while-connecting",
        title: "Accepted, and closed at once",
        wordings: &[
            says(
                Libpq,
                "connection to server at \"*, port * failed:*server closed the connection unexpectedly",
            ),
            says(
                Libpq,
                "connection to server at \"*, port * failed:*could not receive data from server: Connection reset by peer",
            ),
            says(Libpq, "connection to server at \"*, port * failed:*Connection reset by peer"),
            says(Libpq, "connection to server at \"*, port * failed:*could not send SSL negotiation packet"),
            says(Libpq, "connection to server at \"*, port * failed:*SSL SYSCALL error: EOF detected"),
            says(Asyncpg, "unexpected connection_lost() call"),
            says(Asyncpg, "asyncpg/connect_utils.py* connection was closed in the middle of operation"),
            says(Asyncpg, "asyncpg/connect_utils.py* Connection reset by peer"),
            says(Jdbc, "The connection attempt failed.* java.io.EOFException"),
            says(Go, "failed to connect to `*`: * (EOF)"),
            says(Python, "ConnectionResetError: [Errno 104] Connection reset by peer"),
            says(Steadfast, "the server accepted the connection and closed it without a word"),
            says(Steadfast, "the handshake was cut off"),
        ],
        role: crate::entry::Role::Symptom,
        happened: "The connection was opened and closed again before the server said anything.",
        causes: &[
            "a proxy or load balancer answers, and has no working database behind it",
            "the database is asleep, is being started, or is restarted over and over",
            "the proxy takes no more connections, or this address is not allowed",
        ],
        remedies: &[
            "Look at the database's own log and status: the proxy answers even when the database is down.",
            "Try again with growing pauses; a sleeping database wakes within seconds.",
            "From the same platform, use the private address, which has no proxy in between.",
        ],
        retry: Retry::Backoff,
        steadfast: "Goes on trying, and tells this from a connection that died later; what the server said last is kept and shown.",
        related: &["closed-unexpectedly", "connection-refused", "compute-node-unreachable"],
        ..TCP
    },
    Entry {
        id: "socket-not-permitted",
        title: "The local socket may not be used",
        wordings: &[
            says(Libpq, "connection to server on socket \"*\" failed: Permission denied"),
            says(Steadfast, "this user may not use the socket"),
        ],
        happened: "The socket is there, and the file system does not let this user through.",
        causes: &["the directory of the socket belongs to another group", "a container or sandbox hides it"],
        remedies: &["Add the user to the group of the directory, or connect by TCP (`host=127.0.0.1`)."],
        steadfast: "Names the socket, and does not try again by itself.",
        related: &["local-socket-missing"],
        ..TCP
    },
];
