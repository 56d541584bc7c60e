//! What is to be diagnosed: a URL, or what the environment says.

use secrecy::{ExposeSecret as _, SecretString};
use steadfast::config::{BackendOptions, Config, ConfigErrors, Environment, PostgresOptions, SqliteOptions};

use crate::secrets::Secrets;

/// The variables in which platforms and libraries keep a database's URL.
pub(crate) const URL_VARIABLES: &[&str] = &[
    "DATABASE_URL",
    "DATABASE_PUBLIC_URL",
    "DATABASE_PRIVATE_URL",
    "DATABASE_UNPOOLED_URL",
    "DATABASE_URL_UNPOOLED",
    "DIRECT_URL",
    "POSTGRES_URL",
    "POSTGRES_PRISMA_URL",
    "POSTGRESQL_URL",
    "POSTGRES_URL_NON_POOLING",
    "SQLALCHEMY_DATABASE_URI",
    "SUPABASE_DB_URL",
];

/// Variables that hold nothing but a password.
const PASSWORD_VARIABLES: &[&str] =
    &["PGPASSWORD", "POSTGRES_PASSWORD", "STEADFAST_POSTGRES_PASSWORD", "STEADFAST_HEALTH_TOKEN"];

/// What is to be diagnosed, as far as it can be read.
#[derive(Debug)]
pub struct Input {
    pub(crate) environment: Environment,
    /// The URL as it was given, and where.
    pub(crate) url: Option<SecretString>,
    pub(crate) source: Source,
    pub(crate) config: Result<Config, ConfigErrors>,
    pub(crate) secrets: Secrets,
}

/// Where the URL comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Argument,
    Variable,
    /// There is none, and libpq's variables name a server.
    LibpqVariables,
    /// There is none, and nothing else names a database either.
    Nothing,
}

impl Input {
    /// The database of this URL, or, without one, of `DATABASE_URL`, or of the `PG` variables; else the SQLite file
    /// that everything here runs on without a configuration.
    #[must_use]
    pub fn read(environment: Environment, url: Option<&str>) -> Self {
        let variable = environment.get("DATABASE_URL");
        let pg = ["PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"];
        let (source, text) = match (url, variable) {
            (Some(url), _) => (Source::Argument, Some(url)),
            (None, Some(url)) => (Source::Variable, Some(url)),
            (None, None)
                if pg.iter().any(|name| environment.get(name).is_some_and(|text| !text.is_empty())) =>
            {
                (Source::LibpqVariables, Some("postgres://"))
            }
            (None, None) => (Source::Nothing, None),
        };
        let config = match (source, text) {
            (Source::Argument | Source::LibpqVariables, Some(url)) => {
                Config::load(&environment, &[("database.url", url)])
            }
            _ => Config::load(&environment, &[]),
        };
        let secrets = secrets(&environment, text, &config);
        let url = text.map(SecretString::from);
        Self { url, source, config, secrets, environment }
    }

    pub(crate) fn url_text(&self) -> Option<&str> {
        self.url.as_ref().map(|url| url.expose_secret())
    }

    pub(crate) fn postgres(&self) -> Option<&PostgresOptions> {
        match self.config.as_ref().map(|config| &config.backend) {
            Ok(BackendOptions::Postgres(options)) => Some(options),
            _ => None,
        }
    }

    pub(crate) fn sqlite(&self) -> Option<&SqliteOptions> {
        match self.config.as_ref().map(|config| &config.backend) {
            Ok(BackendOptions::Sqlite(options)) => Some(options),
            _ => None,
        }
    }
}

/// Whether a name looks like one, and not like a piece of a password.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '/' | ':' | '$'))
}

fn secrets(environment: &Environment, url: Option<&str>, config: &Result<Config, ConfigErrors>) -> Secrets {
    let mut secrets = Secrets::default();
    let mut public: Vec<String> = Vec::new();
    let mut password = None;
    if let Ok(Config { backend: BackendOptions::Postgres(options), .. }) = config {
        let hosts = options.hosts.iter().map(|(host, _)| host);
        for name in hosts.chain([&options.user, &options.database]) {
            if is_plain(name) {
                public.push(name.clone());
            } else {
                // The end of a password may have been taken for it, where an @ stands in the wrong place.
                secrets.add(name, &[]);
            }
        }
        password = options.password.as_ref();
    }
    let public: Vec<&str> = public.iter().map(String::as_str).collect();
    if let Some(password) = password {
        secrets.add(password.expose_secret(), &public);
    }
    for url in url.into_iter().chain(URL_VARIABLES.iter().filter_map(|name| environment.get(name))) {
        secrets.add_from_url(url.trim(), &public);
    }
    for secret in PASSWORD_VARIABLES.iter().filter_map(|name| environment.get(name)) {
        secrets.add(secret.trim(), &public);
    }
    secrets
}
