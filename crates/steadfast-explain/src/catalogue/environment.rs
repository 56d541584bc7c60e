//! Variables and files that say which database it is.

use super::says;
use crate::client::Client::{Asyncpg, Libpq, NodePostgres, SqlAlchemy, Sqlx, Steadfast, TokioPostgres};
use crate::entry::{Entry, Retry};
use crate::layer::Layer;

const ENVIRONMENT: Entry = Entry::in_layer(Layer::Environment);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "local-socket-missing",
        title: "No server behind the local socket",
        wordings: &[
            says(Libpq, "connection to server on socket \"*\" failed: No such file or directory"),
            says(Libpq, "could not connect to server: No such file or directory"),
            says(Libpq, "connection to server on socket \"*\" failed: Connection refused"),
            says(NodePostgres, "connect ENOENT *.s.PGSQL."),
            says(Steadfast, "no server has its socket there: check the directory"),
        ],
        happened: "The client looked for a server on this machine, by a socket in the file system, and there is none.",
        causes: &[
            "DATABASE_URL is empty or not set in this process, so that the client fell back to its default, a local server",
            "the host is missing in the URL or in PGHOST",
            "a local server is meant, but is not started or has its socket in another directory",
        ],
        remedies: &[
            "Print whether the variable is there in the failing process itself, not only in a shell: `steadfast config` shows \
             where each value came from.",
            "On a platform, attach the database's variable to this very service, and deploy again.",
            "For a local server, start it, or name its directory as the host (`host=/var/run/postgresql`).",
        ],
        steadfast: "Names the option and where it came from; an empty DATABASE_URL is refused instead of meaning something else.",
        related: &["database-url-empty"],
        ..ENVIRONMENT
    },
    Entry {
        id: "database-url-empty",
        title: "The database's URL is empty or missing",
        wordings: &[
            says(TokioPostgres, "invalid configuration: host missing"),
            says(TokioPostgres, "both host and hostaddr are missing"),
            says(Sqlx, "relative URL without a base"),
            says(Sqlx, "set `DATABASE_URL` to use query macros online"),
            says(SqlAlchemy, "Expected string or URL object, got None"),
            says(SqlAlchemy, "Could not parse SQLAlchemy URL from string ''"),
            says(SqlAlchemy, "Could not parse SQLAlchemy URL from given URL string"),
            says(SqlAlchemy, "Either 'SQLALCHEMY_DATABASE_URI' or 'SQLALCHEMY_BINDS' must be set"),
            says(Asyncpg, "could not determine the database address to connect to"),
            says(Steadfast, "it is set but empty, as when a reference to another variable gives nothing"),
        ],
        happened: "The program was started without the address of its database.",
        causes: &[
            "the variable is not set for this service, or under another name",
            "it refers to a variable of another service that does not exist, and became empty",
            "it is set for running but not for building, or for another environment",
        ],
        remedies: &[
            "Set DATABASE_URL to postgres://user:password@host:5432/database.",
            "Check the spelling of references between services on the platform's page of variables.",
            "Do not connect while building: private addresses and variables are often not there yet.",
        ],
        steadfast: "Refuses an empty DATABASE_URL with exit code 78; without the variable it uses a SQLite file, and says so.",
        related: &["local-socket-missing", "placeholder-not-replaced"],
        ..ENVIRONMENT
    },
    Entry {
        id: "placeholder-not-replaced",
        title: "A placeholder stands where a value should",
        wordings: &[
            says(Steadfast, "it contains a reference to a variable that nobody replaced"),
            says(Steadfast, "it is the placeholder of a page that does not show the real one"),
            says(Libpq, "could not translate host name \"$*\" to address"),
            says(Libpq, "could not translate host name \"{*\" to address"),
            says(Libpq, "invalid integer value \"$*\" for connection option \"port\""),
        ],
        happened: "The value still contains `${..}`, `{{..}}`, `[YOUR-PASSWORD]` or the like, as text.",
        causes: &[
            "a file of variables was copied, but nothing expands references in it",
            "the connection string was copied from a page that shows a placeholder for the password",
        ],
        remedies: &[
            "Put the real value in its place, or set the variable where the platform expands references.",
            "In shells, single quotes keep `$NAME` as it is: use double quotes.",
        ],
        steadfast: "Refuses such a value before anything is opened, and names the part that holds it.",
        related: &["database-url-empty"],
        ..ENVIRONMENT
    },
    Entry {
        id: "option-refused",
        title: "An option has a value that cannot work",
        wordings: &[
            says(Steadfast, "nothing was started; `steadfast config --reference` lists all options"),
            says(Steadfast, "; accepted are "),
            says(Steadfast, "; accepted is "),
            says(Steadfast, "; accepted: "),
            says(Steadfast, "; did you mean "),
            says(Steadfast, "problems in the configuration:"),
            says(Steadfast, "build it with the feature"),
        ],
        happened: "steadfast checked all of its configuration before it began, and refused a value.",
        causes: &[
            "a slip in a number, a unit (`30s`, `250ms`) or a name",
            "two options that exclude each other, such as a pool of no connections at all",
        ],
        remedies: &[
            "Read the line: it names the option as you wrote it, what is wrong, and what is accepted. All problems are listed \
             at once.",
            "`steadfast config` shows each option in effect and its origin; `steadfast config --reference` explains them all.",
        ],
        retry: Retry::Never,
        steadfast: "Starts nothing and ends with exit code 78, which supervisors can tell from a failure that may pass.",
        related: &["database-url-empty", "url-not-understood"],
        ..ENVIRONMENT
    },
];
