//! Default, environment, URL, override: in this order, each outranking the one before.
//!
//! Why this order: defaults belong to the program, the environment to the machine and all programs on it, the
//! URL to this one database, and an override to whoever starts the program right now. The nearer one knows
//! better. It is libpq's order as well: a connection string outranks the `PG` variables.

mod finish;

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};

use crate::config::configuration::Config;
use crate::config::draft::Draft;
use crate::config::environment::Environment;
use crate::config::errors::ConfigErrors;
use crate::config::options::PoolOptions;
use crate::config::origin::Origin;
use crate::config::table::{self, Applies, Row};
use crate::config::url::{self, Backend, ParsedUrl};
use crate::error::ConfigError;

/// The variable that chooses the database.
const URL_VARIABLE: &str = "DATABASE_URL";
/// The same as an override.
const URL_OPTION: &str = "database.url";

impl Config {
    /// Puts the configuration together: default, then environment, then URL, then `overrides` (pairs of
    /// option name and value: `("pool.size", "7")`; `("database.url", ..)` takes the place of
    /// `DATABASE_URL`).
    ///
    /// `DATABASE_URL` alone chooses the database. Without it that is the SQLite file `steadfast.sqlite3` in
    /// the working directory, also when `PGHOST` is set (there is a warning then); `DATABASE_URL=postgres://`
    /// takes everything from the `PG` variables. Options that mean nothing to the chosen database are
    /// checked, reported in [`warnings`](Self::warnings) and otherwise ignored, so that one environment
    /// serves both.
    ///
    /// # Errors
    /// Everything that is wrong, in one error. It contains no password.
    pub fn load(environment: &Environment, overrides: &[(&str, &str)]) -> Result<Self, ConfigErrors> {
        let mut loader = Loader::default();
        let url = loader.choose_url(environment, overrides);
        loader.environment(environment);
        loader.url(url);
        loader.overrides(overrides);
        loader.default_user(environment);
        loader.finish()
    }

    /// A configuration of nothing but defaults and this URL.
    ///
    /// # Errors
    /// Everything that is wrong with the URL, in one error. It contains no password.
    pub fn from_url(url: &str) -> Result<Self, ConfigErrors> {
        Self::load(&Environment::default(), &[(URL_OPTION, url)])
    }
}

/// A value on its way to an option.
struct Assignment {
    row: &'static Row,
    value: SecretString,
    origin: Origin,
    /// The option as its user wrote it.
    label: String,
}

#[derive(Default)]
struct Loader {
    backend: Backend,
    draft: Draft,
    /// Takes the values that mean nothing to the backend, so that they are checked all the same.
    idle: Draft,
    origins: BTreeMap<&'static str, Origin>,
    /// What to call an option in an error: the name under which it was set.
    labels: BTreeMap<&'static str, String>,
    ignored: Vec<(&'static Row, String, Origin)>,
    url_origin: Option<Origin>,
    repairs: Vec<String>,
    warnings: Vec<String>,
    problems: Vec<ConfigError>,
    /// Groups with an option that could not be read. It stands at its default, and to judge how that fits the
    /// others would only mislead.
    unread: BTreeSet<&'static str>,
}

impl Loader {
    /// Finds the URL and with it the backend, on which the meaning of everything else depends.
    fn choose_url(&mut self, environment: &Environment, overrides: &[(&str, &str)]) -> Option<ParsedUrl> {
        let given = overrides.iter().rev().find(|(name, _)| *name == URL_OPTION);
        let (label, text) = if let Some((_, text)) = given {
            self.url_origin = Some(Origin::Override);
            (URL_OPTION, *text)
        } else if let Some(text) = environment.get(URL_VARIABLE) {
            self.url_origin = Some(Origin::Environment(URL_VARIABLE.to_owned()));
            (URL_VARIABLE, text)
        } else {
            if let Err(problem) = environment.setting(URL_VARIABLE) {
                self.problems.push(problem);
            }
            self.warn_of_unused_server(environment);
            self.draft.pool = PoolOptions::sqlite();
            return None;
        };
        let mut parsed = url::parse(label, text);
        self.backend = parsed.backend;
        if self.backend == Backend::Sqlite {
            self.draft.pool = PoolOptions::sqlite();
        }
        self.repairs.append(&mut parsed.repairs);
        self.warnings.append(&mut parsed.warnings);
        if !parsed.problems.is_empty() {
            self.unread.extend(["postgres", "sqlite"]);
        }
        self.problems.append(&mut parsed.problems);
        Some(parsed)
    }

    fn warn_of_unused_server(&mut self, environment: &Environment) {
        let server = ["PGHOST", "PGHOSTADDR"].into_iter().find(|name| environment.get(name).is_some());
        if let Some(server) = server {
            self.warnings.push(format!(
                "{server} is set, but {URL_VARIABLE} is not: SQLite is used; to use the server of the PG \
                 variables set {URL_VARIABLE}=postgres://"
            ));
        }
    }

    fn environment(&mut self, environment: &Environment) {
        let (mut errors, mut warnings) = environment.unknown_names();
        self.problems.append(&mut errors);
        self.warnings.append(&mut warnings);
        // libpq's first and as a whole: an address among them must not join a host among ours.
        if self.backend == Backend::Postgres {
            // On SQLite these are nobody's: a developer has them for psql.
            for row in table::rows() {
                row.libpq.into_iter().for_each(|name| self.variable(environment, row, name));
            }
        }
        table::rows().for_each(|row| self.variable(environment, row, row.environment));
    }

    fn variable(&mut self, environment: &Environment, row: &'static Row, name: &str) {
        if environment.is_service_link(name) {
            self.warnings.push(format!("{name} was set by Kubernetes for a service; it is ignored"));
            return;
        }
        match environment.setting(name) {
            Ok(None) => {}
            Ok(Some(value)) => self.assign(&Assignment {
                row,
                value: value.into(),
                origin: Origin::Environment(name.to_owned()),
                label: name.to_owned(),
            }),
            Err(problem) => self.problems.push(problem),
        }
    }

    fn url(&mut self, url: Option<ParsedUrl>) {
        let Some(url) = url else { return };
        for part in url.settings {
            if let Some(row) = table::by_name(part.option) {
                self.assign(&Assignment { row, value: part.value, origin: part.origin, label: part.label });
            }
        }
    }

    fn overrides(&mut self, overrides: &[(&str, &str)]) {
        let mut found = Vec::new();
        for (name, value) in overrides.iter().filter(|(name, _)| *name != URL_OPTION) {
            match table::rows().position(|row| row.name == *name) {
                Some(place) => found.push((place, *value)),
                None => {
                    let known = table::rows().map(|row| row.name).chain([URL_OPTION]);
                    let hint = table::suggestion(name, known);
                    self.problems.push(ConfigError::new(*name, "there is no such option", hint));
                }
            }
        }
        // In the order of the table: an address list must follow the hosts that it belongs to.
        found.sort_by_key(|(place, _)| *place);
        for (place, value) in found {
            if let Some(row) = table::rows().nth(place) {
                let label = row.name.to_owned();
                self.assign(&Assignment { row, value: value.into(), origin: Origin::Override, label });
            }
        }
    }

    fn assign(&mut self, assignment: &Assignment) {
        let Assignment { row, value, origin, label } = assignment;
        let ignored = match row.applies {
            Applies::Both => false,
            Applies::Postgres => self.backend == Backend::Sqlite,
            Applies::Sqlite => self.backend == Backend::Postgres,
        };
        let draft = if ignored { &mut self.idle } else { &mut self.draft };
        if let Err(problem) = (row.set)(draft, value.expose_secret()) {
            self.problems.push(ConfigError::new(label, problem, row.accepted()));
            self.unread.insert(group(row.name));
            return;
        }
        if ignored {
            let shown = if row.secret { table::HIDDEN.to_owned() } else { value.expose_secret().to_owned() };
            self.warnings
                .push(format!("{label} has no effect: it means something to {} only", row.applies.words()));
            self.ignored.retain(|(other, _, _)| other.name != row.name);
            self.ignored.push((row, shown, origin.clone()));
        } else {
            self.origins.insert(row.name, origin.clone());
            self.labels.insert(row.name, label.clone());
        }
    }

    /// libpq asks the system for the name of its user; these variables say the same wherever a person works.
    fn default_user(&mut self, environment: &Environment) {
        if self.backend != Backend::Postgres || self.draft.user_named {
            return;
        }
        for name in ["USER", "LOGNAME"] {
            if let Ok(Some(user)) = environment.setting(name) {
                self.draft.postgres.user = user.trim().to_owned();
                self.origins.insert("postgres.user", Origin::Environment(name.to_owned()));
                self.labels.insert("postgres.user", name.to_owned());
                return;
            }
        }
    }

    fn label(&self, option: &str) -> String {
        self.labels.get(option).cloned().unwrap_or_else(|| option.to_owned())
    }
}

/// `pool` of `pool.size`.
fn group(option: &str) -> &str {
    option.split_once('.').map_or(option, |(group, _)| group)
}
