//! The server's time limits against ours: who gives up first.

use std::time::Duration;

use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::shown::{Shown, shown};
use crate::story;
use crate::words::unanswered;

/// The server's time limits against ours.
#[derive(Debug)]
pub(crate) struct Timeouts;

impl Check for Timeouts {
    fn id(&self) -> &'static str {
        "timeouts"
    }

    fn layer(&self) -> Layer {
        Layer::Server
    }

    fn about(&self) -> &'static str {
        "the server's time limits against the pool's"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

const LIMITS: &[&str] = &[
    "statement_timeout",
    "lock_timeout",
    "transaction_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "authentication_timeout",
];
/// A shorter limit ends what a person or a busy moment makes slow, not what hangs.
const SHORT: Duration = Duration::from_secs(1);

async fn look(context: &Context) -> Outcome {
    let server = match context.server().await {
        Ok(server) => server,
        Err(fault) => return unanswered(fault, context),
    };
    let Some(config) = context.config() else { return Outcome::skipped("there is no configuration") };
    let mut outcome = Outcome::new("");
    for name in LIMITS {
        outcome.add(*name, server.limit(name).map_or_else(|| Shown::from("none"), |limit| shown!(limit)));
    }
    let pool = &config.pool;
    let idle = pool.idle_timeout.or(pool.recycle);
    outcome.add(
        "pool.idle_timeout",
        pool.idle_timeout.map_or_else(|| Shown::from("none"), |limit| shown!(limit)),
    );
    outcome.add("pool.recycle", pool.recycle.map_or_else(|| Shown::from("none"), |limit| shown!(limit)));
    if let Some(limit) = server.limit("idle_session_timeout")
        && idle.is_none_or(|idle| idle >= limit)
        && pool.keepalive_ping.is_none_or(|ping| ping >= limit)
    {
        let cause = shown!(
            "the server closes sessions that are idle for ",
            limit,
            ", and the pool keeps them for longer"
        );
        let remedy = shown!(
            "set STEADFAST_POOL_IDLE_TIMEOUT to ",
            fraction(limit),
            " or less, so that the pool closes them first"
        );
        outcome.problems.push(Problem::warning(cause, remedy).explained(story::IDLE_SESSION));
    }
    for (name, what, entry) in [
        ("statement_timeout", "every statement", story::SLOW),
        ("transaction_timeout", "every transaction", story::TRANSACTION_TIMEOUT),
        (
            "idle_in_transaction_session_timeout",
            "every pause within a transaction",
            story::IDLE_IN_TRANSACTION,
        ),
    ] {
        if let Some(limit) = server.limit(name).filter(|limit| *limit < SHORT) {
            let cause = shown!(name, " is ", limit, ": ", what, " that takes longer is ended");
            let remedy = "raise it for this role (ALTER ROLE .. SET ..) unless it is meant";
            outcome.problems.push(Problem::warning(cause, remedy).explained(entry));
        }
    }
    let set = LIMITS
        .iter()
        .filter(|name| **name != "authentication_timeout" && server.limit(name).is_some())
        .count();
    outcome.summary = if set == 0 {
        "the server ends nothing by itself".into()
    } else if outcome.problems.is_empty() {
        shown!("the server's ", set, " time limits leave the pool's in charge")
    } else {
        "the server gives up before the pool does".into()
    };
    outcome
}

/// A whole number of seconds below a limit, as an option accepts it.
fn fraction(limit: Duration) -> Shown {
    shown!(limit.mul_f64(0.8).as_secs().max(1), "s")
}
