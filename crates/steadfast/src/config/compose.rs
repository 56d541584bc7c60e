//! A configuration back to a URL.

use secrecy::SecretString;

use crate::config::configuration::{BackendOptions, Config};
use crate::config::draft::Draft;
use crate::config::options::{PoolOptions, SqliteLocation};
use crate::config::table;
use crate::config::url::encode;

impl Config {
    /// The URL that gives this configuration again: well formed, with a parameter for whatever is not the
    /// default. It contains the password, therefore the type.
    ///
    /// A path that is not UTF-8 cannot stand in it and is changed.
    #[must_use]
    pub fn to_url(&self) -> SecretString {
        let present = Draft::of(&self.backend, &self.pool);
        let defaults = match &self.backend {
            BackendOptions::Postgres(_) => Draft::default(),
            BackendOptions::Sqlite(_) => Draft { pool: PoolOptions::sqlite(), ..Draft::default() },
        };
        let mut url = match &self.backend {
            // Everything as parameters: libpq reads them too, and they know no exceptions in their encoding.
            BackendOptions::Postgres(_) => "postgres://".to_owned(),
            BackendOptions::Sqlite(sqlite) => match &sqlite.location {
                SqliteLocation::Memory => "sqlite::memory:".to_owned(),
                SqliteLocation::File(path) => format!("sqlite:{}", encode(&path.to_string_lossy())),
            },
        };
        let always = ["postgres.host", "postgres.port", "postgres.user", "postgres.dbname"];
        let mut mark = '?';
        for row in table::rows() {
            let Some(parameter) = row.parameter else { continue };
            let value = (row.text)(&present);
            let needed = match &self.backend {
                BackendOptions::Postgres(_) => always.contains(&row.name) || value != (row.text)(&defaults),
                BackendOptions::Sqlite(_) => value != (row.text)(&defaults),
            };
            if needed {
                url.push(mark);
                url.push_str(parameter);
                url.push('=');
                url.push_str(&encode(&value.unwrap_or_default()));
                mark = '&';
            }
        }
        url.into()
    }
}
