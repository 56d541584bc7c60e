//! Everything that is configured, checked before anything is begun.

use secrecy::SecretString;
use steadfast::config::{BackendOptions, Config, ConfigError, Environment, SqliteLocation};
use steadfast_service::settings::SettingRow;
use steadfast_service::{Settings, WorkerSettings};

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::logging::{self, Logging};
#[cfg(feature = "otlp")]
use crate::otlp;
use crate::terminal;

/// Shows details of health to whoever brings it.
const HEALTH_TOKEN: &str = "STEADFAST_HEALTH_TOKEN";

/// What a master tells its children; steadfast-supervisor reads it.
const SUPERVISED: &str = "STEADFAST_SUPERVISED";

/// A short token can be guessed.
const MIN_TOKEN_BYTES: usize = 16;

/// Everything that is configured.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) settings: Settings,
    pub(crate) workers: WorkerSettings,
    pub(crate) rows: Vec<SettingRow>,
    pub(crate) logging: Logging,
    pub(crate) health_token: Option<SecretString>,
    /// Where metrics are sent, if anywhere.
    #[cfg(feature = "otlp")]
    pub(crate) otlp: Option<steadfast::metrics::OtlpOptions>,
}

/// The variables that are read here and not by the library.
pub(crate) fn known_names() -> Vec<&'static str> {
    let mut names = Settings::names();
    names.extend(WorkerSettings::names());
    names.extend([SUPERVISED, logging::FILTER, logging::FORMAT, HEALTH_TOKEN]);
    names
}

/// Reads and checks all of it. When anything is wrong, everything that is wrong is printed.
pub(crate) fn load(arguments: &Arguments, environment: &Environment) -> Result<Setup, Exit> {
    let mut problems = Vec::new();
    let logging = Logging::load(environment, &mut problems);
    let lookup = |name: &str| environment.setting(name).map(|text| text.map(str::to_owned));
    let (listen, workers) = arguments.serving();
    let settings = Settings::load_with_table(lookup, listen).map_err(|errors| problems.extend(errors));
    let workers = WorkerSettings::load_with_table(lookup, workers).map_err(|errors| problems.extend(errors));
    let health_token = health_token(environment).unwrap_or_else(|error| {
        problems.push(error);
        None
    });
    #[cfg(feature = "otlp")]
    let otlp = otlp::load(environment).unwrap_or_else(|error| {
        problems.push(error);
        None
    });
    let config = config(arguments, environment).map_err(|errors| problems.extend(errors));
    if let (Ok(config), Ok((workers, _))) = (&config, &workers) {
        problems.extend(private_memory(config, workers.workers));
    }
    match (config, settings, workers) {
        (Ok(config), Ok((settings, mut rows)), Ok((workers, more))) if problems.is_empty() => {
            rows.extend(more);
            Ok(Setup {
                config,
                settings,
                workers,
                rows,
                logging,
                health_token,
                #[cfg(feature = "otlp")]
                otlp,
            })
        }
        _ => Err(refuse(&problems)),
    }
}

/// Reads and checks what concerns the database alone, and how to log where that was asked for.
pub(crate) fn load_database(
    arguments: &Arguments,
    environment: &Environment,
) -> Result<(Config, Option<Logging>), Exit> {
    let mut problems = Vec::new();
    let logging = Logging::load(environment, &mut problems);
    let config = config(arguments, environment).map_err(|errors| problems.extend(errors));
    match config {
        Ok(config) if problems.is_empty() => Ok((config, environment.get(logging::FILTER).map(|_| logging))),
        _ => Err(refuse(&problems)),
    }
}

fn config(arguments: &Arguments, environment: &Environment) -> Result<Config, Vec<ConfigError>> {
    let url = arguments.database_url.as_deref().map(|url| ("database.url", url));
    Config::load(environment, url.as_slice()).map_err(|errors| errors.iter().cloned().collect())
}

fn refuse(problems: &[ConfigError]) -> Exit {
    problems.iter().for_each(|problem| terminal::complain(&format!("error: {problem}")));
    terminal::complain("nothing was started; `steadfast config --reference` lists all options");
    Exit::Configuration
}

impl Setup {
    /// Tells what was mended and what has no effect, and which database it is.
    pub(crate) fn report(&self) {
        for repair in &self.config.repairs {
            tracing::warn!("the database's URL was mended: {repair}");
        }
        for warning in &self.config.warnings {
            tracing::warn!("{warning}");
        }
        tracing::info!(database = self.config.target(), "configured");
    }
}

/// Each process has memory of its own, and would have a database of its own in it.
fn private_memory(config: &Config, workers: usize) -> Option<ConfigError> {
    let in_memory = match &config.backend {
        BackendOptions::Sqlite(sqlite) => matches!(sqlite.location, SqliteLocation::Memory),
        BackendOptions::Postgres(_) | _ => false,
    };
    (in_memory && workers > 1).then(|| {
        let problem = format!("{workers} processes cannot share a database in memory");
        ConfigError::new(
            "--workers",
            problem,
            "accepted are 0 and 1 with SQLite in memory; a file can be shared",
        )
    })
}

pub(crate) fn health_token(environment: &Environment) -> Result<Option<SecretString>, ConfigError> {
    let Some(token) = environment.setting(HEALTH_TOKEN)? else { return Ok(None) };
    if token.len() < MIN_TOKEN_BYTES || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let accepted =
            "accepted are 16 and more letters, digits and signs, such as `openssl rand -hex 16` prints";
        return Err(ConfigError::new(HEALTH_TOKEN, "the token is too short, or not printable", accepted));
    }
    Ok(Some(SecretString::from(token)))
}
