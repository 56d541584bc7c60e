//! The URL itself.

use super::says;
use crate::client::Client::{
    Asyncpg, Go, Jdbc, Libpq, NodePostgres, Psycopg2, Psycopg3, SqlAlchemy, Sqlx, Steadfast, System,
    TokioPostgres,
};
use crate::entry::Entry;
use crate::layer::Layer;

const URL: Entry = Entry::in_layer(Layer::Url);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "sqlalchemy-scheme",
        title: "SQLAlchemy does not know the scheme postgres://",
        wordings: &[
            says(SqlAlchemy, "Can't load plugin: sqlalchemy.dialects:postgres"),
            says(SqlAlchemy, "Can't load plugin: sqlalchemy.dialects:"),
        ],
        happened: "SQLAlchemy 1.4 and later read the scheme as the name of a dialect, and there is none called `postgres`.",
        causes: &[
            "the platform's DATABASE_URL begins with postgres://, which libpq takes and SQLAlchemy does not",
        ],
        remedies: &[
            "Replace the scheme before it reaches SQLAlchemy: `url.replace(\"postgres://\", \"postgresql://\", 1)`.",
            "To choose a driver, write postgresql+psycopg:// or postgresql+asyncpg://.",
        ],
        steadfast: "Takes postgres://, postgresql:// and the forms with a driver's name alike.",
        related: &["url-not-understood"],
        ..URL
    },
    Entry {
        id: "url-not-understood",
        title: "The URL is not in a form that this client reads",
        wordings: &[
            says(Libpq, "missing \"=\" after \"*\" in connection info string"),
            says(Psycopg2, "invalid dsn: missing \"=\" after"),
            says(TokioPostgres, "invalid connection string: unexpected EOF"),
            says(TokioPostgres, "invalid connection string"),
            says(SqlAlchemy, "Could not parse SQLAlchemy URL from string"),
            says(Asyncpg, "invalid DSN: scheme is expected to be either \"postgresql\" or \"postgres\""),
            says(Jdbc, "No suitable driver found for"),
            says(Jdbc, "Unable to parse URL"),
            says(Jdbc, "claims to not accept jdbcUrl"),
            says(NodePostgres, "TypeError: Invalid URL"),
            says(Go, "cannot parse `*`: failed to parse as"),
            says(Steadfast, "is not known as a scheme"),
            says(Steadfast, "the scheme is missing: put postgres:"),
            says(Steadfast, "there is no scheme (what stands before the first colon)"),
            says(Steadfast, "two slashes must follow its colon"),
            says(Steadfast, "this is a list of keywords and values, not a URL"),
            says(Steadfast, "this is a JDBC address: leave out `jdbc:`"),
            says(Steadfast, "it begins with a quote that is not closed at the end"),
            says(Steadfast, "it contains a line break or another control character in its midst"),
            says(Steadfast, "DATABASE_URL: *; accepted: "),
        ],
        happened: "The client could not even take the URL apart. Nothing was sent anywhere.",
        causes: &[
            "a blank, a line break or quotes around it, most often from a file of variables or a copied command",
            "a scheme of another client: postgresql+psycopg2://, jdbc:postgresql://, https://",
            "signs in the password that are not percent-encoded, of which Node.js says no more than *Invalid URL*",
        ],
        remedies: &[
            "Write postgres://user:password@host:5432/database, without quotes, on one line.",
            "For JDBC write jdbc:postgresql://host:5432/database, and give user and password as properties.",
            "`steadfast config` says what it read, and what it had to mend.",
        ],
        steadfast: "Removes blanks, quotes and a driver's name, reports each repair, and refuses the rest with the part's name.",
        related: &["sqlalchemy-scheme", "url-password-encoding"],
        ..URL
    },
    Entry {
        id: "url-password-encoding",
        title: "Signs in the password are taken for parts of the URL",
        wordings: &[
            says(Libpq, "invalid integer value \"*\" for connection option \"port\""),
            says(Libpq, "invalid percent-encoded token"),
            says(Psycopg3, "failed to resolve host \"*\": [Errno -8] Servname not supported"),
            says(System, "Servname not supported for ai_socktype"),
            says(Psycopg3, "failed to resolve host \"*@*\": [Errno -2] Name or service not known"),
            says(Libpq, "could not translate host name \"*@*\" to address"),
            says(Sqlx, "invalid port number"),
            says(TokioPostgres, "invalid value for option `port`"),
            says(Asyncpg, "invalid literal for int() with base 10"),
            says(Go, "invalid port \"*\" after host"),
            says(Go, "net/url: invalid userinfo"),
            says(Steadfast, "it is not a number from 1 to 65535 (not shown)"),
            says(Steadfast, "if user:password was meant, the @host behind it is missing"),
        ],
        happened: "The client cut the URL at a sign that belongs to the password, and took the rest for host or port.",
        causes: &[
            "one of @ / : # ? % [ or a blank in the password (or the user's name), not percent-encoded",
        ],
        remedies: &[
            "Percent-encode it: @ is %40, / is %2F, : is %3A, # is %23, ? is %3F, % is %25.",
            "Python does it: `urllib.parse.quote(password, safe='')`. Or generate a password of letters and digits.",
        ],
        steadfast: "Splits at the last @ and reads such passwords as they were meant; it reports that it did.",
        related: &["wrong-password", "host-not-found"],
        ..URL
    },
    Entry {
        id: "url-parameter-unknown",
        title: "A parameter in the URL that this client does not know",
        wordings: &[
            says(Libpq, "invalid URI query parameter: \"*\""),
            says(Libpq, "invalid connection option \"*\""),
            says(Asyncpg, "unrecognized configuration parameter \"pgbouncer\""),
            says(Libpq, "extra key/value separator \"=\" in URI query parameter"),
            says(Libpq, "missing key/value separator \"=\" in URI query parameter"),
            says(TokioPostgres, "unknown option `*`"),
            says(Asyncpg, "connect() got an unexpected keyword argument"),
            says(Psycopg2, "invalid dsn: invalid connection option"),
            says(Steadfast, "there is no such parameter"),
        ],
        happened: "What stands behind the ? in the URL is meant for another program.",
        causes: &[
            "`?pgbouncer=true` and `?schema=` are Prisma's; `?ssl=true` is node-postgres's; others are JDBC's",
        ],
        remedies: &[
            "Remove the parameter, or give each program a URL of its own.",
            "An `=` within a value is written %3D. For a schema use `?options=-csearch_path%3Dname`; for TLS `?sslmode=require`.",
        ],
        steadfast: "Knows the parameters of the common clients and translates them; an unknown one is refused with the nearest name.",
        related: &["url-not-understood", "startup-parameter-invalid"],
        ..URL
    },
    Entry {
        id: "sslmode-invalid",
        title: "sslmode has no such value",
        wordings: &[
            says(Libpq, "invalid sslmode value: \"*\""),
            says(TokioPostgres, "invalid value for option `sslmode`"),
            says(Sqlx, "unknown value \"*\" for `ssl_mode`"),
            says(Asyncpg, "`sslmode` parameter must be one of"),
            says(Jdbc, "Invalid sslmode value:"),
            says(Steadfast, "parameter sslmode: * is not known"),
        ],
        happened: "The client refused the value of sslmode before it connected.",
        causes: &[
            "a slip (`required`, `true`), or a line break at the end of the URL that became a part of the value",
            "tokio-postgres knows disable, prefer and require only",
        ],
        remedies: &[
            "Use disable, allow, prefer, require, verify-ca or verify-full.",
            "Look for a line break at the end: `printf %s \"$DATABASE_URL\" | tail -c 3 | od -c`.",
        ],
        steadfast: "Removes the line break, and otherwise names the accepted values.",
        related: &["url-not-understood", "client-without-tls"],
        ..URL
    },
    Entry {
        id: "url-of-another-service",
        title: "The URL leads to another kind of service",
        wordings: &[
            says(Steadfast, "this is a MySQL database, and steadfast speaks PostgreSQL and SQLite"),
            says(Steadfast, "this is a MongoDB server, and steadfast speaks PostgreSQL and SQLite"),
            says(Steadfast, "this is another kind of database, and steadfast speaks PostgreSQL and SQLite"),
            says(Steadfast, "this is a Redis server; is the variable of another service in its place?"),
            says(Steadfast, "this is the address of Prisma's proxy"),
            says(Steadfast, "this is the address of a web page or an API"),
            says(Steadfast, "this is not the address of a database"),
            says(Steadfast, "this is the address of a container's port"),
            says(Steadfast, "only one library knows this name"),
        ],
        happened: "The scheme of the URL names something that does not speak PostgreSQL's protocol.",
        causes: &[
            "the variable of another service was attached",
            "an address was copied from the wrong page",
        ],
        remedies: &["Copy the connection string from the database's own page: it begins with postgres://."],
        steadfast: "Refuses it by its scheme, before anything is sent to a stranger.",
        related: &["url-not-understood", "not-postgresql"],
        ..URL
    },
];
