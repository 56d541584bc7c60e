//! Who may come in.

use super::says;
use crate::client::Client::{
    Asyncpg, Go, Jdbc, Libpq, Neon, NodePostgres, PgBouncer, Psycopg2, Server, Sqlx, Steadfast, TokioPostgres,
};
use crate::entry::Entry;
use crate::layer::Layer;

const AUTHENTICATION: Entry = Entry::in_layer(Layer::Authentication);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "wrong-password",
        title: "Wrong password",
        codes: &["28P01"],
        wordings: &[
            says(Server, "password authentication failed for user \"*\""),
            says(Server, "password authentication failed"),
            says(Asyncpg, "InvalidPasswordError"),
            says(PgBouncer, "SASL authentication failed"),
            says(PgBouncer, "password authentication failed"),
            says(Neon, "password authentication failed for user"),
            says(Steadfast, "wrong password: it may have been rotated"),
        ],
        happened: "The server does not take this password for this user. It says the same of a user that does not exist.",
        causes: &[
            "the password was rotated, and this service still has the old one",
            "signs in it are not percent-encoded in the URL",
            "the user's name or the host is of another database",
        ],
        remedies: &[
            "Copy the URL anew from the database's page, and deploy again.",
            "Percent-encode the password; the server's log says whether the role exists.",
            "A data directory that was there before keeps its old password: POSTGRES_PASSWORD counts only when it is created.",
        ],
        steadfast: "Does not insist: every waiting caller hears it at once, and it is tried at most once a second, on demand only.",
        related: &["password-missing", "url-password-encoding", "pooler-login-failing"],
        ..AUTHENTICATION
    },
    Entry {
        id: "password-missing",
        title: "No password was given",
        wordings: &[
            says(Libpq, "fe_sendauth: no password supplied"),
            says(TokioPostgres, "invalid configuration: password missing"),
            says(TokioPostgres, "password missing"),
            says(Server, "empty password returned by client"),
            says(NodePostgres, "SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string"),
            says(
                NodePostgres,
                "SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string",
            ),
            says(Jdbc, "The server requested SCRAM-based authentication, but no password was provided"),
            says(Jdbc, "The server requested password-based authentication, but no password was provided"),
            says(Steadfast, "the server asks for a password and none is configured"),
        ],
        happened: "The server asked for a password, and the client has none.",
        causes: &[
            "the URL has a user but no password, or an empty one from a variable that is not set",
            "PGPASSWORD or ~/.pgpass belongs to another user or host",
        ],
        remedies: &[
            "Put the password into the URL, percent-encoded, or set PGPASSWORD in this very process.",
        ],
        steadfast: "Says so at once, and does not try again.",
        related: &["wrong-password", "database-url-empty"],
        ..AUTHENTICATION
    },
    Entry {
        id: "hba-no-entry",
        title: "No rule admits this address, user or database",
        codes: &["28000"],
        wordings: &[
            says(Server, "no pg_hba.conf entry for host \"*\", user \"*\", database \"*\", SSL encryption"),
            says(Server, "no pg_hba.conf entry for host \"*\", user \"*\", database \"*\", SSL on"),
            says(Server, "no pg_hba.conf entry for host \"*\", user \"*\", database \"*\""),
            says(Server, "no pg_hba.conf entry for"),
            says(Server, "no pg_hba.conf entry for replication connection"),
            says(Asyncpg, "InvalidAuthorizationSpecificationError: no pg_hba.conf entry"),
            says(Steadfast, "the server does not let this role in: check user, pg_hba.conf and LOGIN"),
        ],
        happened: "pg_hba.conf has no line for this combination of address, user, database and encryption.",
        causes: &[
            "the address of this machine is not on the list of allowed ones",
            "the user or the database has another name than the rule says",
        ],
        remedies: &[
            "Allow this address: on a platform in its network settings, on a server of your own in pg_hba.conf, then reload.",
            "Ask the server what it has: `SELECT * FROM pg_hba_file_rules`.",
        ],
        steadfast: "Tells it to all waiting callers at once, with what the server said.",
        related: &["tls-required", "hba-rejects"],
        ..AUTHENTICATION
    },
    Entry {
        id: "hba-rejects",
        title: "A rule rejects this connection",
        codes: &["28000", "28", "08004"],
        wordings: &[
            says(Server, "pg_hba.conf rejects connection for host \"*\""),
            says(Server, "pg_hba.conf rejects connection"),
            says(Server, "pg_hba.conf rejects replication connection"),
            says(Steadfast, "the server rejected the connection: look at its log and at pg_hba.conf"),
        ],
        happened: "A line of pg_hba.conf with `reject` matches.",
        causes: &[
            "somebody keeps this address, user or database out on purpose",
            "a general reject stands above the line that would admit",
        ],
        remedies: &["The first line that matches decides: put the one that admits above, and reload."],
        steadfast: "Tells it to all waiting callers at once.",
        related: &["hba-no-entry"],
        ..AUTHENTICATION
    },
    Entry {
        id: "role-unknown",
        title: "The role does not exist",
        codes: &["28000"],
        wordings: &[
            says(Server, "role \"*\" does not exist"),
            says(Server, "Ident authentication failed for user"),
            says(Server, "Peer authentication failed for user"),
        ],
        happened: "The server knows no role of this name, or does not take this system user for it.",
        causes: &[
            "without a user in the URL, clients use the name of the system's user, such as root",
            "the role was created in another server, or with other capitals",
            "`peer` in pg_hba.conf compares with the system's user",
        ],
        remedies: &[
            "Name the user in the URL: postgres://user@host/database.",
            "Create it: `CREATE ROLE name LOGIN PASSWORD '...'`.",
        ],
        steadfast: "Tells it to all waiting callers at once.",
        related: &["role-cannot-log-in", "wrong-password"],
        ..AUTHENTICATION
    },
    Entry {
        id: "role-cannot-log-in",
        title: "The role may not log in",
        codes: &["28000"],
        wordings: &[
            says(Server, "role \"*\" is not permitted to log in"),
            says(Server, "User does not have CONNECT privilege"),
            says(Server, "permission denied for database \"*\""),
        ],
        happened: "The role exists, and is a group (NOLOGIN), or lacks CONNECT on the database.",
        causes: &[
            "it was made by CREATE ROLE without LOGIN",
            "CONNECT was revoked from PUBLIC and not granted to it",
        ],
        remedies: &["`ALTER ROLE name LOGIN`; `GRANT CONNECT ON DATABASE name TO role`."],
        steadfast: "Tells it to all waiting callers at once.",
        related: &["role-unknown", "permission-denied"],
        ..AUTHENTICATION
    },
    Entry {
        id: "database-unknown",
        title: "The database does not exist",
        codes: &["3D000"],
        wordings: &[
            says(Server, "FATAL: database \"*\" does not exist"),
            says(Server, "database \"*\" does not exist"),
            says(Asyncpg, "InvalidCatalogNameError"),
            says(Steadfast, "create the database, or correct its name in the URL"),
        ],
        happened: "The server has no database of this name.",
        causes: &[
            "a slip, or the name of another environment",
            "a line break or blank at the end of the URL became a part of the name",
            "without a name in the URL, clients take the user's name",
        ],
        remedies: &[
            "List what there is: `psql -l`. Create it: `CREATE DATABASE name`.",
            "Look for a line break: `printf %s \"$DATABASE_URL\" | tail -c 3 | od -c`.",
        ],
        steadfast: "Removes the line break and says so; otherwise it ends at once with exit code 78.",
        related: &["pooler-database-unknown", "database-dropped"],
        ..AUTHENTICATION
    },
    Entry {
        id: "database-closed",
        title: "The database accepts no connections",
        codes: &["55000"],
        wordings: &[
            says(Server, "database \"*\" is not currently accepting connections"),
            says(Server, "cannot connect to invalid database"),
            says(Steadfast, "a database that accepts no connections has datallowconn switched off"),
        ],
        happened: "The database is there and closed: `datallowconn` is off, or it was left half dropped.",
        causes: &["somebody closed it for maintenance or a restore", "template0 stands in the URL"],
        remedies: &["`ALTER DATABASE name ALLOW_CONNECTIONS true`, once the work is done."],
        steadfast: "Tells it to all waiting callers at once.",
        related: &["database-unknown"],
        ..AUTHENTICATION
    },
    Entry {
        id: "authentication-method-unsupported",
        title: "No common way to prove who one is",
        wordings: &[
            says(Libpq, "SCRAM authentication requires libpq version 10 or above"),
            says(Libpq, "authentication method * not supported"),
            says(Libpq, "none of the server's SASL authentication mechanisms are supported"),
            says(Psycopg2, "authentication method requirement \"*\" failed"),
            says(TokioPostgres, "unsupported authentication method"),
            says(TokioPostgres, "authentication error"),
            says(Sqlx, "unsupported authentication method"),
            says(NodePostgres, "Unknown authenticationOk message type"),
            says(Jdbc, "The authentication type * is not supported"),
            says(Go, "unknown authentication message"),
            says(PgBouncer, "server login failed: wrong password type"),
            says(PgBouncer, "wrong password type"),
            says(Steadfast, "the server wants a way of authenticating that is not supported here"),
        ],
        happened: "The server asks in a way that the client does not know, or forbids the one that it does.",
        causes: &[
            "a client too old for scram-sha-256",
            "a pooler that has only an md5 hash where the server wants SCRAM",
            "GSSAPI, SSPI, LDAP or RADIUS where a password is expected",
        ],
        remedies: &[
            "Update the client, or set the password again with password_encryption = 'scram-sha-256'.",
            "In PgBouncer use `auth_query`, or give it the SCRAM secret itself.",
        ],
        steadfast: "Speaks scram-sha-256 (with channel binding), md5 and clear text under TLS.",
        related: &["wrong-password", "channel-binding-unavailable"],
        ..AUTHENTICATION
    },
];
