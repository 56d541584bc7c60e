//! `steadfast wait`.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use steadfast::config::{Config, Origin};
use steadfast::database::{FailedTry, Probe};
use steadfast::retry::{Backoff, Jitter};
use steadfast::time::{Duration, Instant, timeout_at};
use steadfast::verdict::{Class, Step};
use steadfast::{Database, Error, Fault};
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Exit;
use crate::failure::{cause_of, exit_of};
use crate::terminal::complain;

/// For saying goodbye to the database.
const CLOSE: Duration = Duration::from_secs(2);

/// Waits until the database can be used, and says how it went.
pub(crate) async fn run(mut config: Config, timeout: Duration) -> Exit {
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
        exit = told_to_end() => return exit,
    };
    let took = begun.elapsed();
    match result {
        Ok(probe) => {
            let _left = database.close(Instant::now() + CLOSE).await;
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
    if error.kind() == std::io::ErrorKind::NotFound {
        Exit::CommandNotFound
    } else {
        Exit::CommandNotExecutable
    }
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

/// As the first process of a container nobody ends it but itself.
async fn told_to_end() -> Exit {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => Exit::Terminated,
        _ = interrupt.recv() => Exit::Interrupted,
    }
}
