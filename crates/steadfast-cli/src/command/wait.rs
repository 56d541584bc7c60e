//! `steadfast wait`.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use steadfast::config::{Config, Origin};
use steadfast::database::{FailedTry, Probe};
use steadfast::retry::{Backoff, Jitter};
use steadfast::time::{Duration, Instant, timeout_at};
use steadfast::verdict::{Class, Step};
use steadfast::{Database, Error, Fault};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;
use crate::failure::{cause_of, exit_of};
use crate::terminal::complain;

/// For saying goodbye to the database.
const CLOSE: Duration = Duration::from_secs(2);

/// Waits until the database can be used, and says how it went.
pub(crate) async fn run(mut config: Config, timeout: Duration) -> Exit {
    // Before anything is told: whoever reads it may answer by a signal.
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            complain(&format!("error: signals cannot be listened to: {error}"));
            return Exit::Failed;
        }
    };
    tell(&config);
    // It is about the database, not about a pool.
    config.pool.size = 1;
    config.pool.max_overflow = 0;
    config.pool.min_idle = 0;
    let database = match Database::open(&config) {
        Ok(database) => database,
        Err(error) => {
            complain(&format!("error: {error}"));
            return Exit::Configuration;
        }
    };
    let begun = Instant::now();
    let result = tokio::select! {
        result = usable(&database, begun, timeout) => result,
        exit = signals.next() => return exit,
    };
    let took = begun.elapsed();
    match result {
        Ok(probe) => {
            tokio::select! {
                biased;
                // Whoever was told to end does not begin a command.
                exit = signals.next() => return exit,
                _left = database.close(Instant::now() + CLOSE) => {}
            }
            let (target, version) = (config.target(), probe.server_version);
            complain(&format!("the database is usable after {}: {target}, version {version}", seconds(took)));
            Exit::Done
        }
        Err(error) => {
            let exit = exit_of(&error);
            let prefix = if exit == Exit::Unavailable {
                format!("gave up after {}", seconds(took))
            } else {
                "error, and waiting does not help".to_owned()
            };
            complain(&format!("{prefix}: {}", cause_of(&error)));
            exit
        }
    }
}

/// Becomes the command: the same process, so that signals reach it and its exit code is the container's. Comes back
/// only when there is no such command.
pub(crate) fn become_command(command: &[String]) -> Exit {
    let Some((program, arguments)) = command.split_first() else {
        return Exit::Done;
    };
    let error = Command::new(program).args(arguments).exec();
    complain(&format!("error: the command {program} cannot be started: {error}"));
    if error.kind() == io::ErrorKind::NotFound { Exit::CommandNotFound } else { Exit::CommandNotExecutable }
}

/// What was mended in the configuration, and whether there was any.
fn tell(config: &Config) {
    for repair in &config.repairs {
        complain(&format!("mended: {repair}"));
    }
    for warning in &config.warnings {
        complain(&format!("warning: {warning}"));
    }
    let is_default = |setting: &steadfast::config::Setting| setting.origin == Origin::Default;
    if config.describe().iter().find(|setting| setting.name == "database.url").is_some_and(is_default) {
        complain(&format!("warning: no DATABASE_URL is set, so this is about the {}", config.target()));
    }
}

/// A connection, and a statement on it, by the deadline.
async fn usable(database: &Database, begun: Instant, timeout: Duration) -> Result<Probe, Error> {
    let deadline = begun + timeout;
    let mut last = None;
    let mut number = 0;
    loop {
        let report = |failed: &FailedTry| {
            number += 1;
            tell_try(number, failed, deadline);
            last = Some(failed.error.clone());
        };
        match timeout_at(deadline, database.wait_until_reachable(schedule(), report)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error),
            Err(_elapsed) => return Err(last.unwrap_or_else(|| silent(timeout))),
        }
        match database.probe(deadline).await {
            Ok(probe) => return Ok(probe),
            Err(error) if Instant::now() < deadline && exit_of(&error) == Exit::Unavailable => {
                last = Some(error)
            }
            Err(error) => return Err(error),
        }
    }
}

/// The start-up schedule, going on at its longest step: the deadline ends it.
fn schedule() -> Backoff {
    Backoff::new(Duration::from_secs(2), 2, Duration::from_secs(32), Jitter::None, None)
}

fn tell_try(number: u32, failed: &FailedTry, deadline: Instant) {
    let left = deadline.saturating_duration_since(Instant::now());
    let next = if failed.next_within < left {
        format!("next in {}, {} left", seconds(failed.next_within), seconds(left))
    } else {
        format!("{} left", seconds(left))
    };
    complain(&format!("attempt {number} failed: {}; {next}", cause_of(&failed.error)));
}

/// Nothing came back in all that time, not even a failure.
fn silent(timeout: Duration) -> Error {
    let summary = format!("the server does not answer, for {}", seconds(timeout));
    Fault::new(Class::Unreachable, Step::Dial, summary)
        .with_remedy("check host, port and route; --timeout decides how long to wait")
        .into()
}

fn seconds(span: Duration) -> String {
    if span.subsec_millis() == 0 {
        format!("{} s", span.as_secs())
    } else {
        format!("{:.1} s", span.as_secs_f64())
    }
}

/// How the system asks this process to end. As the first process of a container nothing ends it but itself.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on these signals no longer end the process by themselves.
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.terminate.recv() => Exit::Terminated,
            _ = self.interrupt.recv() => Exit::Interrupted,
        }
    }
}
