//! The log: to standard error, for people on a terminal, as JSON otherwise.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal as _};

use steadfast::config::{ConfigError, Environment};
use tracing_subscriber::EnvFilter;

use crate::json_lines::{JsonLines, JsonMembers};
use crate::log_writer::{Flush, log_writer};

/// Chooses what is logged: `info`, `debug`, `steadfast=debug,info`.
pub(crate) const FILTER: &str = "STEADFAST_LOG";

/// `human` or `json`.
pub(crate) const FORMAT: &str = "STEADFAST_LOG_FORMAT";

/// How to log.
#[derive(Debug)]
pub(crate) struct Logging {
    filter: String,
    json: bool,
    colour: bool,
}

impl Logging {
    /// Reads the environment.
    pub(crate) fn load(environment: &Environment, problems: &mut Vec<ConfigError>) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let mut setting = |name| {
            environment.setting(name).unwrap_or_else(|error| {
                problems.push(error);
                None
            })
        };
        let filter = setting(FILTER).unwrap_or("info").to_owned();
        let format = setting(FORMAT).map(str::to_ascii_lowercase);
        let colour = is_terminal && environment.get("NO_COLOR").unwrap_or_default().is_empty();
        let json = match format.as_deref() {
            None => !is_terminal,
            Some("json") => true,
            Some("human") => false,
            Some(_) => {
                problems.push(ConfigError::new(
                    FORMAT,
                    "there is no such format",
                    "accepted are human and json",
                ));
                false
            }
        };
        if EnvFilter::builder().parse(&filter).is_err() {
            let accepted =
                "accepted are off, error, warn, info, debug, trace, or module=level pairs with commas";
            problems.push(ConfigError::new(FILTER, "the filter cannot be read", accepted));
        }
        Self { filter, json, colour }
    }
}

/// Logs from now on, a panic too, without ever waiting for whoever reads it. Several workers write to one place: `names`
/// tells which thread of which one it was.
pub(crate) fn start(logging: &Logging, names: bool) -> Flush {
    let (writer, flush) = log_writer(io::stderr());
    // Checked when it was loaded.
    let filter = EnvFilter::builder().parse(&logging.filter).unwrap_or_default();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_thread_names(names);
    if logging.json {
        log.fmt_fields(JsonMembers).event_format(JsonLines { names }).with_writer(writer).init();
    } else {
        log.with_ansi(logging.colour).with_target(false).with_writer(writer).init();
    }
    // The usual report would wait for a reader.
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        let captured = backtrace.status() == BacktraceStatus::Captured;
        tracing::error!(backtrace = captured.then(|| tracing::field::display(backtrace)), "bug: {panic}");
    }));
    flush
}
