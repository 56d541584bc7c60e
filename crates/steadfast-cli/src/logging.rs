//! The log: to standard error, for people on a terminal, as JSON otherwise.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal as _};

use steadfast::config::{ConfigError, Environment};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::exit::Exit;
use crate::json_lines::JsonLines;
use crate::log_writer::{Flush, log_writer};
use crate::terminal;

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
pub(crate) fn start(logging: &Logging, names: bool) -> Result<Flush, Exit> {
    let (out, flush) = log_writer(io::stderr()).map_err(|error| {
        terminal::complain(&format!("the log cannot start: {error}; the system is out of threads or memory"));
        Exit::Failed
    })?;
    let log = tracing_subscriber::registry().with(filter(&logging.filter));
    if logging.json {
        log.with(JsonLines { out, names }).init();
    } else {
        let people = fmt::layer().with_ansi(logging.colour).with_target(false).with_thread_names(names);
        log.with(people.with_writer(out)).init();
    }
    // The usual report would wait for a reader.
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        let captured = backtrace.status() == BacktraceStatus::Captured;
        tracing::error!(backtrace = captured.then(|| tracing::field::display(backtrace)), "bug: {panic}");
    }));
    Ok(flush)
}

/// `EnvFilter` looks at each span under locks that all threads share, for the sake of filters that name spans or fields. A filter that
/// names none does without.
fn filter(text: &str) -> Box<dyn Layer<Registry> + Send + Sync> {
    match targets(text) {
        Some(targets) => targets.boxed(),
        // Checked when it was loaded.
        None => EnvFilter::builder().parse(text).unwrap_or_default().boxed(),
    }
}

/// What means the same to both kinds of filter: a level, or a target with or without one. To `Targets`, a level that was left out is
/// `error`, after a comma as after `=`; and there are no spans.
fn targets(text: &str) -> Option<Targets> {
    let is_plain = |directive: &str| {
        !directive.is_empty()
            && !directive.ends_with('=')
            && !directive.contains(|c: char| c == '[' || c.is_whitespace())
    };
    if text.split(',').all(is_plain) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of these events are logged, in spans and outside of them.
    fn logged(filter: impl Layer<Registry> + Send + Sync) -> String {
        let (read, write) = io::pipe().unwrap();
        let (out, flush) = log_writer(write).unwrap();
        let log = tracing_subscriber::registry().with(filter);
        // What is asked before any filter is.
        let most = tracing::Subscriber::max_level_hint(&log);
        tracing::subscriber::with_default(log.with(JsonLines { out, names: false }), || {
            macro_rules! events {
                ($($target:literal)*) => {$(
                    let outer = tracing::info_span!(target: $target, "request", id = 7);
                    for span in [outer, tracing::trace_span!(target: $target, "request"), tracing::Span::none()] {
                        let _entered = span.enter();
                        tracing::error!(target: $target, id = 7, "event");
                        tracing::warn!(target: $target, "event");
                        tracing::info!(target: $target, id = 8, "event");
                        tracing::debug!(target: $target, "event");
                        tracing::trace!(target: $target, "event");
                    }
                )*};
            }
            events!("steadfast" "steadfast::pool" "steadfast_service" "other" " odd" "odd " "INFO" "info");
        });
        drop(flush);
        let lines = io::read_to_string(read).unwrap();
        // Without their time.
        let lines: Vec<&str> = lines.lines().map(|line| line.split_once("\"level\"").unwrap().1).collect();
        format!("at most {most:?}\n{}", lines.join("\n"))
    }

    fn means_as_much(text: &str) {
        let theirs = EnvFilter::builder().parse(text).unwrap();
        assert_eq!(logged(filter(text)), logged(theirs), "{text:?}");
    }

    #[test]
    fn filters_without_spans_take_no_lock_and_mean_as_much() {
        for text in [
            "off",
            "error",
            "warn",
            "info",
            "debug",
            "trace",
            "INFO",
            "Debug",
            "0",
            "3",
            "5",
            "steadfast",
            "steadfast=debug,info",
            "info,steadfast=DEBUG",
            "steadfast=off,trace",
            "steadfast::pool=trace,steadfast=warn",
            "steadfast_service=2",
            "info,warn",
            "steadfast=trace,steadfast=error",
            "other=info,steadfast",
            "nobody=info",
            "warn,steadfast::pool=off",
            "off,other=debug",
            "steadfast::",
        ] {
            assert!(targets(text).is_some(), "{text:?}");
            means_as_much(text);
        }
    }

    #[test]
    fn filters_of_which_more_must_be_known_are_left_as_they_were() {
        for text in [
            "",
            ",",
            "info,",
            ",debug",
            "info,,steadfast=trace",
            "steadfast=",
            "info,steadfast=",
            " info",
            "info ",
            "info, debug",
            " odd",
            "odd ",
            "\tinfo",
            "[request]=debug",
            "info,[request]=trace",
            "[{id}]=debug",
            "warn,[{id=7}]=trace",
            "steadfast[request{id=7}]=trace",
            "info,steadfast[request]",
            "steadfast[]=debug",
        ] {
            assert!(targets(text).is_none(), "{text:?}");
            means_as_much(text);
        }
    }
}
