//! What a statement names, and what the role may do with it.

use super::says;
use crate::client::Client::{Asyncpg, Psycopg2, Server, Sqlite, Steadfast};
use crate::entry::Entry;
use crate::layer::Layer;

const STATEMENT: Entry = Entry::in_layer(Layer::Statement);

pub(super) static ENTRIES: &[Entry] = &[
    Entry {
        id: "relation-unknown",
        title: "The table does not exist",
        codes: &["42P01"],
        wordings: &[
            says(Server, "relation \"*\" does not exist"),
            says(Server, "table \"*\" does not exist"),
            says(Asyncpg, "UndefinedTableError"),
            says(Psycopg2, "UndefinedTable"),
            says(Sqlite, "no such table: *"),
            says(Steadfast, "the table does not exist: run the migrations"),
        ],
        happened: "No table of this name is in any schema of search_path.",
        causes: &[
            "the migrations did not run, or ran against another database",
            "the table is in another schema",
            "it was created with capitals in quotes",
        ],
        remedies: &[
            "`SELECT current_database(), current_schemas(false)`; `SELECT schemaname FROM pg_tables WHERE tablename = '...'`.",
            "Run the migrations against this very DATABASE_URL (`steadfast init-db`, `flask db upgrade`).",
        ],
        steadfast: "`serve` and `init-db` create what the service needs, once, however many start.",
        related: &["schema-unknown", "permission-denied"],
        ..STATEMENT
    },
    Entry {
        id: "schema-unknown",
        title: "The schema does not exist",
        codes: &["3F000", "3F"],
        wordings: &[
            says(Server, "schema \"*\" does not exist"),
            says(Server, "no schema has been selected to create in"),
            says(Steadfast, "the schema does not exist: check search_path"),
        ],
        happened: "The schema is not there, or none of search_path may be used.",
        causes: &[
            "the migrations did not run",
            "the role lacks USAGE on it: then it is skipped without a word",
        ],
        remedies: &[
            "`SHOW search_path`; `GRANT USAGE, CREATE ON SCHEMA public TO role` (since version 15 public is closed).",
        ],
        steadfast: "Passes it on.",
        related: &["relation-unknown", "permission-denied"],
        ..STATEMENT
    },
    Entry {
        id: "column-unknown",
        title: "A column, function or type does not exist",
        codes: &["42703", "42883", "42704"],
        wordings: &[
            says(Server, "column \"*\" does not exist"),
            says(Server, "column \"*\" of relation \"*\" does not exist"),
            says(Server, "function * does not exist"),
            says(Server, "operator does not exist:"),
            says(Server, "type \"*\" does not exist"),
            says(Asyncpg, "UndefinedColumnError"),
            says(Asyncpg, "UndefinedFunctionError"),
            says(Psycopg2, "UndefinedColumn"),
            says(Psycopg2, "UndefinedFunction"),
            says(Sqlite, "no such column: *"),
            says(Steadfast, "there is no such column"),
            says(Steadfast, "the column does not exist: run the migrations"),
            says(Steadfast, "the function does not exist for these types"),
            says(Steadfast, "the name is unknown to the server: the message gives it"),
        ],
        happened: "The statement names something that is not there in this form.",
        causes: &[
            "the code is newer than the schema, or the other way round, during a deployment",
            "text in double quotes, which makes it a name",
            "a function called with other types, or an extension that is not installed",
        ],
        remedies: &[
            "Run the migrations; make them so that old and new code work with each.",
            "Cast the arguments; `CREATE EXTENSION` what is missing.",
        ],
        steadfast: "Passes it on.",
        related: &["relation-unknown", "syntax-error"],
        ..STATEMENT
    },
    Entry {
        id: "permission-denied",
        title: "The role lacks a right",
        codes: &["42501"],
        wordings: &[
            says(Server, "permission denied for table *"),
            says(Server, "permission denied for schema *"),
            says(Server, "permission denied for sequence *"),
            says(Server, "permission denied for relation *"),
            says(Server, "permission denied for function *"),
            says(Server, "permission denied to create"),
            says(Server, "must be owner of"),
            says(Server, "must be a member of the role"),
            says(Server, "new row violates row-level security policy"),
            says(Asyncpg, "InsufficientPrivilegeError"),
            says(Psycopg2, "InsufficientPrivilege"),
            says(Steadfast, "the role lacks the right: GRANT it"),
        ],
        happened: "The role may not do this with this object.",
        causes: &[
            "tables were created by another role (a migration user), and nothing was granted",
            "since version 15 not everybody may create in the schema public",
            "a policy of row level security",
        ],
        remedies: &[
            "`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO role`, the same with USAGE for SEQUENCES.",
            "For tables to come: `ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT .. TO role`.",
        ],
        steadfast: "Passes it on; `init-db` ends with exit code 77.",
        related: &["role-cannot-log-in", "relation-unknown"],
        ..STATEMENT
    },
];
