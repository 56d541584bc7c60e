//! For how long the path remembers a connection on which nothing is said.
//!
//! Connections are opened in parallel and left alone, each for another time, each with a twin on which the kernel
//! sends keepalives; then each is asked once. So the whole takes as long as the longest of them.

mod hold;
mod state;

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use steadfast::config::PoolOptions;
use steadfast::time::{Instant, sleep};

use self::hold::{Held, Manner, hold};
use self::state::State;
use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::shown::{Shown, shown};
use crate::story;

/// For how long the path remembers an idle connection.
#[derive(Debug)]
pub(crate) struct IdleLimit;

impl Check for IdleLimit {
    fn id(&self) -> &'static str {
        "idle-limit"
    }

    fn layer(&self) -> Layer {
        Layer::Path
    }

    fn about(&self) -> &'static str {
        "for how long the path remembers an idle connection (asked for by --idle-probe)"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication"]
    }

    fn deadline(&self, context: &Context) -> Duration {
        context.options.idle_probe.unwrap_or_default().saturating_add(Duration::from_secs(60))
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// Where platforms and devices have their limits, in seconds.
const USUAL: [u64; 9] = [30, 60, 120, 240, 300, 350, 600, 900, 1800];

/// The times to try up to this one.
fn steps(limit: Duration) -> Vec<Duration> {
    let mut steps: Vec<Duration> =
        USUAL.into_iter().map(Duration::from_secs).filter(|step| *step < limit).collect();
    if steps.is_empty() {
        steps.extend([8, 4, 2].map(|part| limit / part));
    }
    steps.push(limit);
    steps
}

async fn look(context: &Context) -> Outcome {
    let Some(limit) = context.options.idle_probe else {
        return Outcome::skipped("not asked for: --idle-probe 10m measures it");
    };
    let mut state = State::load(context);
    let steps = steps(limit);
    let open: Vec<(Duration, bool)> = steps
        .iter()
        .flat_map(|step| [(*step, false), (*step, true)])
        .filter(|(step, keepalives)| !state.knows(*step, *keepalives))
        .collect();
    let resumed = steps.len().saturating_mul(2).saturating_sub(open.len());
    let started = Instant::now();
    let mut running: FuturesUnordered<_> =
        open.into_iter().map(|(step, keepalives)| hold(context, step, keepalives)).collect();
    let mut failed = None;
    while !running.is_empty() {
        tokio::select! {
            Some(held) = running.next() => match held {
                Ok(held) => state.add(held),
                Err(fault) => failed = Some(fault),
            },
            () = sleep(Duration::from_secs(1)) => context.progress.goes_on("idle-limit", &shown!(
                started.elapsed(), " of ", limit, ", ", state.held.len(), " connections have answered or ended"
            )),
        }
    }
    if let Some(fault) = failed.filter(|_| state.held.is_empty()) {
        return Outcome::of(crate::words::problem_of(&fault, context));
    }
    let mut outcome = judge(&state.held, limit, context.config().map(|config| &config.pool));
    if resumed > 0 {
        outcome.add("measured in an earlier run", resumed);
    }
    if let Some(why) = &state.trouble {
        outcome.add("state", context.shown(why));
    }
    outcome
}

/// What was measured of one kind of connection.
#[derive(Debug, Default)]
struct Bracket {
    /// The longest idleness that a connection outlived.
    outlived: Option<Duration>,
    /// The shortest after which one was found ended, and how.
    ended: Option<(Duration, Manner)>,
}

impl Bracket {
    fn of(held: &[Held], keepalives: bool) -> Self {
        let of_kind = || held.iter().filter(|held| held.keepalives == keepalives);
        let ended = of_kind().filter_map(|held| held.ended).min_by_key(|(after, _)| *after);
        let outlived = of_kind()
            .filter(|held| held.ended.is_none())
            .map(|held| held.step)
            .filter(|step| ended.is_none_or(|(after, _)| *step <= after))
            .max();
        Self { outlived, ended }
    }

    fn words(&self) -> Shown {
        match (self.ended, self.outlived) {
            (None, Some(outlived)) => shown!("still open after ", outlived),
            (Some((after, manner)), Some(outlived)) => {
                shown!("open after ", outlived, ", ended within ", after, " (", manner.words(), ")")
            }
            (Some((after, manner)), None) => shown!("ended within ", after, " (", manner.words(), ")"),
            (None, None) => "not measured".into(),
        }
    }
}

fn judge(held: &[Held], limit: Duration, pool: Option<&PoolOptions>) -> Outcome {
    let (plain, twin) = (Bracket::of(held, false), Bracket::of(held, true));
    let mut outcome =
        Outcome::new("").with("without keepalives", plain.words()).with("with TCP keepalives", twin.words());
    let Some((after, manner)) = twin.ended else {
        outcome.summary = shown!("idle connections live for ", limit, " at least");
        if plain.ended.is_some() {
            outcome.add("TCP keepalives", "keep the path open: leave them on");
        }
        return outcome;
    };
    // The last moment at which it is known to work, or a part of the first at which it is known not to.
    let safe = after.mul_f64(0.8).min(twin.outlived.unwrap_or(Duration::MAX).max(after.mul_f64(0.5)));
    outcome.summary = shown!("the path ends idle connections within ", after, " (", manner.words(), ")");
    outcome.add("recommended idle_timeout and recycle", safe);
    let recycle = pool.map_or(Duration::MAX, |pool| pool.recycle.unwrap_or(Duration::MAX));
    let idle = pool.map_or(Duration::MAX, |pool| pool.idle_timeout.unwrap_or(Duration::MAX)).min(recycle);
    let pinged = pool.and_then(|pool| pool.keepalive_ping).is_some_and(|ping| ping < after);
    if idle >= after && !pinged {
        let cause = shown!(
            "the path ends connections that are idle for ",
            after,
            " (",
            manner.words(),
            "), and the pool keeps them for longer"
        );
        let seconds = safe.as_secs().max(1);
        let remedy = shown!(
            "set STEADFAST_POOL_RECYCLE and STEADFAST_POOL_IDLE_TIMEOUT to ",
            seconds,
            "s, or STEADFAST_POOL_KEEPALIVE_PING to ",
            seconds.div_ceil(2),
            "s to keep them open"
        );
        outcome.problems.push(Problem::warning(cause, remedy).explained(manner.story()));
    }
    outcome
}

/// The entry for a path that says nothing when it forgets.
const SILENT: &str = story::SILENT_PATH;

#[cfg(test)]
mod tests {
    use super::*;

    fn held(step: u64, keepalives: bool, ended: Option<u64>) -> Held {
        let ended = ended.map(|after| (Duration::from_secs(after), Manner::Fin));
        Held { step: Duration::from_secs(step), keepalives, ended }
    }

    fn endless() -> PoolOptions {
        let mut options = PoolOptions::default();
        (options.idle_timeout, options.recycle) = (None, None);
        options
    }

    #[test]
    fn usual_limits_are_tried_and_short_ones_divided() {
        let seconds =
            |limit| steps(Duration::from_secs(limit)).iter().map(Duration::as_secs).collect::<Vec<_>>();
        assert_eq!(seconds(600), [30, 60, 120, 240, 300, 350, 600]);
        assert_eq!(seconds(8), [1, 2, 4, 8]);
    }

    #[test]
    fn the_limit_is_bracketed_and_advice_stays_below_it() {
        let all = [
            held(120, true, None),
            held(240, true, None),
            held(300, true, Some(300)),
            held(600, true, Some(300)),
        ];
        let outcome = judge(&all, Duration::from_secs(600), Some(&endless()));
        assert_eq!(outcome.problems.len(), 1);
        assert!(outcome.problems[0].remedy.as_str().contains("240s"), "{outcome:?}");
        let heeded = judge(&all, Duration::from_secs(600), Some(&PoolOptions::default()));
        assert!(heeded.problems.is_empty(), "{heeded:?}");
    }

    #[test]
    fn keepalives_that_help_are_named() {
        let all = [held(60, false, Some(50)), held(60, true, None)];
        let outcome = judge(&all, Duration::from_secs(60), Some(&PoolOptions::default()));
        assert!(outcome.problems.is_empty());
        assert!(outcome.evidence.iter().any(|item| item.label.as_str() == "TCP keepalives"), "{outcome:?}");
    }
}
