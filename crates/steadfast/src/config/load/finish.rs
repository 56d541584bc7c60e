//! The end of loading: what depends on several options, the judgement on all of them, and the result.

use crate::config::configuration::{BackendOptions, Config};
use crate::config::draft::Draft;
use crate::config::errors::ConfigErrors;
use crate::config::load::{Loader, group};
use crate::config::options::{SYSTEM_ROOTS, SslMode};
use crate::config::origin::Origin;
use crate::config::provenance::Provenance;
use crate::config::table::{self, Row};
use crate::config::url::Backend;
use crate::error::ConfigError;

impl Loader {
    pub(super) fn finish(mut self) -> Result<Config, ConfigErrors> {
        if let Err((option, problem)) = self.draft.join_hosts() {
            let accepted = table::by_name(option).map(Row::accepted).unwrap_or_default();
            self.problems.push(ConfigError::new(self.label(option), problem, accepted));
        }
        if !self.draft.database_named {
            self.origins.insert("postgres.dbname", Origin::Consequence("postgres.user"));
        }
        self.raise_sslmode();
        let backend = match self.backend {
            Backend::Postgres => BackendOptions::Postgres(Box::new(self.draft.postgres.clone())),
            Backend::Sqlite => BackendOptions::Sqlite(self.draft.sqlite.clone()),
        };
        let mut config = Config::new(backend);
        config.pool = self.draft.pool.clone();
        for problem in config.problems() {
            if !self.unread.contains(group(problem.field())) {
                let label = self.label(problem.field());
                self.problems.push(ConfigError::new(label, problem.problem(), problem.accepted()));
            }
        }
        ConfigErrors::check(self.problems)?;
        config.repairs = self.repairs;
        config.warnings = self.warnings;
        config.provenance = Provenance {
            origins: self.origins,
            loaded: Draft::of(&config.backend, &config.pool),
            ignored: self.ignored,
            url: self.url_origin.unwrap_or(Origin::Default),
        };
        Ok(config)
    }

    /// Where nobody chose an sslmode, other options choose the weakest that keeps what they promise; for
    /// `sslrootcert=system` libpq does the same.
    fn raise_sslmode(&mut self) {
        let tls = &mut self.draft.postgres.tls;
        if self.origins.contains_key("postgres.sslmode") {
            return;
        }
        let (mode, cause) = if tls.root_cert.as_deref() == Some(SYSTEM_ROOTS) {
            (SslMode::VerifyFull, "postgres.sslrootcert")
        } else if tls.pin.is_some() {
            (SslMode::Require, "postgres.sslpin")
        } else if tls.direct {
            (SslMode::Require, "postgres.sslnegotiation")
        } else {
            return;
        };
        tls.mode = mode;
        self.origins.insert("postgres.sslmode", Origin::Consequence(cause));
    }
}
