//! Encryption.

use super::says;
use crate::client::Client::{
    Asyncpg, Go, Jdbc, Libpq, Neon, NodePostgres, PgBouncer, Rustls, Server, Sqlx, Steadfast, TokioPostgres,
};
use crate::entry::{Entry, Retry, Role};
use crate::layer::Layer;

const TLS: Entry = Entry::in_layer(Layer::Tls);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "tls-required",
        title: "The server takes encrypted connections only",
        codes: &["28000"],
        wordings: &[
            says(Server, "no pg_hba.conf entry for host \"*\", user \"*\", database \"*\", no encryption"),
            says(Server, "no pg_hba.conf entry for host \"*\", user \"*\", database \"*\", SSL off"),
            says(PgBouncer, "SSL required"),
            says(Steadfast, "the pooler insists on TLS"),
            says(Neon, "connection is insecure (try using `sslmode=require`)"),
            says(Steadfast, "\"no encryption\" in the message asks for sslmode=require"),
        ],
        happened: "The connection came without TLS, and the server's rules admit this address only with it.",
        causes: &[
            "sslmode=disable, or a client that does not ask for TLS by itself (node-postgres, asyncpg with ssl=False)",
        ],
        remedies: &[
            "Add `?sslmode=require` to the URL; in node-postgres set `ssl`, in asyncpg `ssl='require'`.",
            "Better: sslmode=verify-full with the authority's certificate, so that nobody can stand in between.",
        ],
        steadfast: "Asks for TLS by itself (sslmode=prefer), and says so when the server insists.",
        related: &["hba-no-entry", "server-without-tls"],
        ..TLS
    },
    Entry {
        id: "server-without-tls",
        title: "The server does not offer TLS",
        wordings: &[
            says(Libpq, "server does not support SSL, but SSL was required"),
            says(TokioPostgres, "error performing TLS handshake: server does not support TLS"),
            says(TokioPostgres, "server does not support TLS"),
            says(Sqlx, "server does not support TLS"),
            says(Asyncpg, "rejected SSL upgrade"),
            says(NodePostgres, "The server does not support SSL connections"),
            says(Jdbc, "The server does not support SSL"),
            says(Go, "server refused TLS connection"),
            says(Go, "pq: SSL is not enabled on the server"),
            says(Steadfast, "the server does not offer TLS, and the configuration requires it"),
        ],
        happened: "The client insists on TLS, and the server answered that it has none.",
        causes: &[
            "the server runs without a certificate (`ssl = off`), as most do in development",
            "a proxy in between ends TLS itself, or a private network goes without it",
            "something that is not PostgreSQL answered: asyncpg says *rejected SSL upgrade* of any answer but yes",
        ],
        remedies: &[
            "On a private network use sslmode=disable or prefer; across the internet switch TLS on at the server instead.",
            "Check that the port is the one for clients: proxies often have a second one with TLS.",
        ],
        steadfast: "Never falls back to an open connection when TLS was required.",
        related: &["tls-required", "sslmode-invalid"],
        ..TLS
    },
    Entry {
        id: "client-without-tls",
        title: "The client was built without TLS",
        wordings: &[
            says(TokioPostgres, "no TLS implementation configured"),
            says(Sqlx, "TLS upgrade required by connect options but SQLx was built without TLS support"),
            says(Libpq, "sslmode value \"*\" invalid when SSL support is not compiled in"),
        ],
        happened: "TLS is needed, and the program has no code for it.",
        causes: &[
            "tokio-postgres was given NoTls",
            "an sqlx without one of its tls features",
            "a libpq without OpenSSL",
        ],
        remedies: &[
            "Give tokio-postgres a connector (tokio-postgres-rustls, postgres-native-tls); build sqlx with its feature tls-rustls.",
        ],
        steadfast: "Brings TLS of its own.",
        related: &["server-without-tls", "tls-required"],
        ..TLS
    },
    Entry {
        id: "channel-binding-unavailable",
        title: "Channel binding is required and cannot be had",
        wordings: &[
            says(Libpq, "channel binding required, but server authenticated client without channel binding"),
            says(Libpq, "channel binding required but not supported by server's authentication request"),
            says(
                Libpq,
                "channel binding is required, but server did not offer an authentication method that supports channel binding",
            ),
            says(Libpq, "channel binding is required, but"),
            says(Libpq, "channel binding required, but"),
            says(TokioPostgres, "server did not use channel binding"),
            says(Steadfast, "channel_binding=require needs TLS and SCRAM on the server"),
        ],
        happened: "The client wants the login to be bound to the TLS connection, and the server did not do it.",
        causes: &[
            "a pooler or proxy ends TLS, so that nothing can be bound through it",
            "the server authenticates by password or md5 instead of SCRAM, or trusts this address",
        ],
        remedies: &[
            "Set channel_binding=prefer, or connect to the database itself rather than to its pooler.",
        ],
        steadfast: "Binds wherever the server can (prefer), and never goes without when it was required.",
        related: &["certificate-wrong-name"],
        ..TLS
    },
    Entry {
        id: "client-certificate-required",
        title: "The server wants a certificate from the client",
        wordings: &[
            says(Server, "connection requires a valid client certificate"),
            says(Libpq, "tlsv13 alert certificate required"),
            says(Libpq, "sslv3 alert bad certificate"),
            says(Libpq, "tlsv1 alert unknown ca"),
            says(Libpq, "could not open certificate file"),
            says(Libpq, "could not load private key file"),
            says(Libpq, "private key file \"*\" has group or world access"),
            says(Rustls, "received fatal alert: CertificateRequired"),
            says(Rustls, "received fatal alert: BadCertificate"),
            says(Rustls, "received fatal alert: UnknownCA"),
            says(Steadfast, "the server refused the handshake: CertificateRequired"),
            says(Steadfast, "the server wants a client certificate that it trusts"),
            says(Steadfast, "check that sslcert and sslkey belong together"),
        ],
        happened: "The server asked for a certificate, and got none, or one that it does not trust.",
        causes: &[
            "`clientcert=verify-full` or `cert` in pg_hba.conf",
            "sslcert and sslkey are missing, unreadable or of different pairs",
        ],
        remedies: &[
            "Set sslcert and sslkey to PEM files that the server's authority has signed.",
            "libpq insists that only the owner may read the key: `chmod 600`.",
        ],
        steadfast: "Reads both before it connects, and checks that they belong together.",
        related: &["hba-no-entry"],
        ..TLS
    },
    Entry {
        id: "tls-no-common-version",
        title: "No common version of TLS",
        wordings: &[
            says(Libpq, "SSL error: unsupported protocol"),
            says(Libpq, "SSL error: wrong version number"),
            says(Libpq, "SSL error: tlsv1 alert protocol version"),
            says(Libpq, "SSL error: no protocols available"),
            says(Libpq, "SSL error: sslv3 alert handshake failure"),
            says(Rustls, "received fatal alert: ProtocolVersion"),
            says(Rustls, "received fatal alert: HandshakeFailure"),
            says(Rustls, "received corrupt message of type InvalidContentType"),
            says(Rustls, "peer is incompatible:"),
            says(NodePostgres, "ERR_SSL_WRONG_VERSION_NUMBER"),
            says(NodePostgres, "ssl3_get_record:wrong version number"),
            says(Steadfast, "no common way of encryption was found"),
        ],
        happened: "Both sides speak TLS, but no version or cipher in common; or the other side does not speak TLS at all.",
        causes: &[
            "an old server with TLS 1.0 or 1.1 only, or a client held to an old version",
            "something that is not PostgreSQL behind the port, which answered in clear text",
        ],
        remedies: &[
            "See what is spoken there: `openssl s_client -starttls postgres -connect HOST:PORT`.",
            "Raise ssl_min_protocol_version on the server, or update it.",
        ],
        steadfast: "Offers TLS 1.2 and 1.3.",
        related: &["not-postgresql", "server-without-tls"],
        ..TLS
    },
    Entry {
        id: "tls-handshake-refused",
        title: "The TLS handshake failed",
        wordings: &[
            says(TokioPostgres, "error performing TLS handshake"),
            says(Sqlx, "error occurred while attempting to establish a TLS connection"),
            says(Jdbc, "SSL error: Received fatal alert"),
            says(Jdbc, "javax.net.ssl.SSLHandshakeException"),
            says(
                NodePostgres,
                "Client network socket disconnected before secure TLS connection was established",
            ),
            says(Steadfast, "the server refused the handshake"),
            says(Steadfast, "the handshake failed"),
            says(Steadfast, "the server sent data behind its agreement to TLS and before the handshake"),
            says(Steadfast, "the server answered the request for TLS by an error"),
        ],
        role: Role::Symptom,
        happened: "TLS was agreed upon and did not come about.",
        causes: &[
            "a certificate or version that one side refuses: the words behind it say which",
            "a proxy that cuts the connection",
        ],
        remedies: &[
            "Read on in the same text for the reason, and look at the server's log for its side of the story.",
        ],
        retry: Retry::Backoff,
        steadfast: "Tells the reasons apart and gives each its own remedy.",
        related: &["tls-no-common-version", "certificate-unknown-issuer", "client-certificate-required"],
        ..TLS
    },
];
