//! Something else than PostgreSQL answers.

use super::says;
use crate::client::Client::{Jdbc, Libpq, NodePostgres, Psycopg2, Sqlx, Steadfast, TokioPostgres};
use crate::entry::Entry;
use crate::layer::Layer;

const PEER: Entry = Entry::in_layer(Layer::Peer);

const STEADFAST: &str = "Recognises the first bytes of common other services and names them; it does not try again on its own. \
                         Lengths are capped, so that no answer makes it allocate or wait for gigabytes.";

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "http-port",
        title: "A web server answers",
        wordings: &[
            says(Libpq, "received invalid response to SSL negotiation: H"),
            says(Libpq, "expected authentication request from server, but received H"),
            says(Sqlx, "expected to read 1414811696 bytes, got * bytes at EOF"),
            says(Sqlx, "expected to read 1414811696 bytes"),
            says(Sqlx, "unexpected response from SSLRequest: 0x48"),
            says(NodePostgres, "received invalid response: 48"),
            says(Psycopg2, "received invalid response to SSL negotiation: H"),
            says(Steadfast, "what answers there is an HTTP server, not PostgreSQL"),
        ],
        happened: "The answer began with H, as in HTTP/1.1: the port belongs to a web server or an HTTP proxy.",
        causes: &[
            "the application's own port or its public domain stands in the database's URL",
            "port 80, 443 or 8080 instead of 5432",
        ],
        remedies: &[
            "Copy host and port from the database's page. On Railway, a TCP proxy has its own host and port; the domain of a service speaks HTTP.",
        ],
        steadfast: STEADFAST,
        related: &["not-postgresql"],
        ..PEER
    },
    Entry {
        id: "mysql-port",
        title: "A MySQL server answers",
        wordings: &[
            says(Libpq, "received invalid response to SSL negotiation: J"),
            says(Libpq, "expected authentication request from server, but received J"),
            says(Sqlx, "unexpected response from SSLRequest: 0x4a"),
            says(NodePostgres, "received invalid response: 4a"),
            says(Steadfast, "what answers there is a MySQL server, not PostgreSQL"),
        ],
        happened: "The answer was the greeting of MySQL or MariaDB.",
        causes: &["port 3306 instead of 5432, or the address of another database"],
        remedies: &["Take host and port from the PostgreSQL database's page."],
        steadfast: STEADFAST,
        related: &["not-postgresql", "url-of-another-service"],
        ..PEER
    },
    Entry {
        id: "redis-port",
        title: "A Redis server answers",
        wordings: &[
            says(Libpq, "received invalid response to SSL negotiation: -"),
            says(Libpq, "expected authentication request from server, but received -"),
            says(Sqlx, "unexpected response from SSLRequest: 0x2d"),
            says(NodePostgres, "received invalid response: 2d"),
            says(Steadfast, "what answers there is a Redis server, not PostgreSQL"),
        ],
        happened: "The answer began with -, as the errors of Redis and Valkey do.",
        causes: &["port 6379 instead of 5432, or the variables of two services were exchanged"],
        remedies: &["Take host and port from the PostgreSQL database's page."],
        steadfast: STEADFAST,
        related: &["not-postgresql", "url-of-another-service"],
        ..PEER
    },
    Entry {
        id: "ssh-port",
        title: "An SSH server answers",
        wordings: &[
            says(Libpq, "expected authentication request from server, but received S"),
            says(NodePostgres, "received invalid response: 53"),
        ],
        happened: "The answer began with S, as in SSH-2.0. The same letter means yes to a request for TLS, so that TLS fails next.",
        causes: &[
            "port 22 instead of 5432",
            "a tunnel is to be opened first and then used by its local port",
        ],
        remedies: &["Open the tunnel (`ssh -L 5433:database:5432 host`) and connect to 127.0.0.1:5433."],
        steadfast: STEADFAST,
        related: &["not-postgresql"],
        ..PEER
    },
    Entry {
        id: "not-postgresql",
        title: "What answers is not PostgreSQL",
        wordings: &[
            says(Libpq, "received invalid response to SSL negotiation:"),
            says(Libpq, "expected authentication request from server, but received"),
            says(TokioPostgres, "unexpected message from server"),
            says(TokioPostgres, "invalid message length: header length"),
            says(Sqlx, "unexpected response from SSLRequest"),
            says(Sqlx, "expected to read * bytes, got * bytes at EOF"),
            says(NodePostgres, "There was an error establishing an SSL connection"),
            says(NodePostgres, "received invalid response: *"),
            says(Jdbc, "An error occurred while setting up the SSL connection"),
            says(Jdbc, "Protocol error. Session setup failed"),
            says(Steadfast, "what answers there does not speak PostgreSQL's protocol"),
            says(Steadfast, "the answer is not PostgreSQL's protocol"),
            says(Steadfast, "which PostgreSQL never sends"),
            says(Steadfast, "what answers there does not speak TLS"),
            says(Steadfast, "what answers there does TLS but not PostgreSQL"),
            says(Steadfast, "the server does TLS but did not agree to speak PostgreSQL"),
        ],
        happened: "Something answered on this port in another language.",
        causes: &[
            "host or port of another service",
            "a proxy that shows an error of its own, or asks for a header that PostgreSQL clients do not send",
        ],
        remedies: &[
            "Look what it is: `printf '\\n' | nc -w 3 HOST PORT | head -c 80`.",
            "Take host and port from the database's page.",
        ],
        steadfast: STEADFAST,
        related: &["http-port", "mysql-port", "redis-port", "ssh-port"],
        ..PEER
    },
];
