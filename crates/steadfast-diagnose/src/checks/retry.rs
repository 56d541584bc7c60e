//! Whether a program that starts before its database gets there: the real loop, against a way that is closed at first.

use std::time::Duration;

use parking_lot::Mutex;
use steadfast::Database;
use steadfast::config::{BackendOptions, Config};
use steadfast::database::FailedTry;
use steadfast::retry::{Backoff, Jitter};
use steadfast::time::Instant;

use super::recovery::{through, way};
use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::shown::{Shown, shown};
use crate::words::{many, problem_of};

/// Whether a program that starts before its database gets there.
#[derive(Debug)]
pub(crate) struct Retry;

impl Check for Retry {
    fn id(&self) -> &'static str {
        "retry"
    }

    fn layer(&self) -> Layer {
        Layer::Behaviour
    }

    fn about(&self) -> &'static str {
        "the start-up schedule of 2, 4, 8, 16, 32 s, a hundred times faster unless --drill or --retry-speed says else"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication"]
    }

    fn deadline(&self, context: &Context) -> Duration {
        Duration::from_secs(64) / speed(context) + context.connect_timeout().saturating_mul(2)
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// For how long the way is closed at first: two tries fail, the third finds it open.
const CLOSED: Duration = Duration::from_secs(7);
const GOODBYE: Duration = Duration::from_millis(500);

fn speed(context: &Context) -> u32 {
    let usual = if context.options.drill { 1 } else { 100 };
    context.options.retry_speed.unwrap_or(usual).max(1)
}

async fn look(context: &Context) -> Outcome {
    let speed = speed(context);
    let (Some(config), Some(place)) = (context.config(), way(context).await) else {
        return Outcome::skipped("there is no server to reach");
    };
    let relay = match crate::net::relay::Relay::closed_for(place.clone(), CLOSED / speed).await {
        Ok(relay) => relay,
        Err(error) => {
            return Outcome::skipped(shown!(
                "this machine gives no port to listen on: ",
                context.shown(&error.to_string())
            ));
        }
    };
    let mut config: Config = config.clone();
    if let BackendOptions::Postgres(options) = &mut config.backend {
        through(options, &place, relay.address);
    }
    let database = match Database::open_observed(&config, Vec::new()) {
        Ok(database) => database,
        Err(error) => return Outcome::of(problem_of(&crate::context::unusable(&error), context)),
    };
    let (started, tries) = (Instant::now(), Mutex::new(Vec::<(Duration, Shown)>::new()));
    let report = |failed: &FailedTry| {
        let cause = failed.error.fault().map_or("no connection", |fault| fault.summary());
        let next = failed.next_within;
        tries.lock().push((started.elapsed(), shown!(context.shown(cause), "; next within ", next)));
    };
    let schedule = Backoff::new(
        Duration::from_secs(2) / speed,
        2,
        Duration::from_secs(32) / speed,
        Jitter::None,
        Some(5),
    );
    let result = database.wait_until_reachable(schedule, report).await;
    let took = started.elapsed();
    let _left = database.close(Instant::now() + GOODBYE).await;
    let tries = tries.into_inner();
    let mut outcome = Outcome::new(shown!(
        "a database that comes up late is found after ",
        many(tries.len(), "failed try", "failed tries"),
        ", in ",
        took
    ))
    .with("schedule", "2, 4, 8, 16, 32 s")
    .with("played faster by", u64::from(speed))
    .with("the way was closed for", CLOSED / speed)
    .with("found open after", took);
    for (number, (after, cause)) in (1_usize..).zip(tries) {
        outcome.add(shown!("try ", number), shown!("after ", after, ": ", cause));
    }
    if let Err(error) = result {
        let mut problem = match error.fault() {
            Some(fault) => problem_of(fault, context),
            None => Problem::failure(
                context.shown(&error.to_string()),
                "run the check again; if it stays so, please report it",
            ),
        };
        problem.cause = shown!("a database that came up late was not found: ", problem.cause);
        outcome.summary = problem.cause.clone();
        outcome.problems.push(problem);
    }
    outcome
}
