//! Runs the checks, from the outside inwards.

use std::sync::Arc;
use std::time::Duration;

use steadfast::time::{Instant, timeout};

use crate::check::{Applies, Check};
use crate::checks;
use crate::context::Context;
use crate::finding::{Finding, Outcome, Problem, Skipped};
use crate::input::Input;
use crate::layer::Layer;
use crate::options::Options;
use crate::progress::Progress;
use crate::report::Report;
use crate::shown::{Shown, shown};
use crate::verdict::Verdict;

/// A check, as `--list` shows it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Listed {
    /// Its identifier.
    pub id: &'static str,
    /// Its layer.
    pub layer: Layer,
    /// What it looks at.
    pub about: &'static str,
    /// The checks that it depends on.
    pub needs: &'static [&'static str],
}

/// All checks, in the order in which they run.
#[must_use]
pub fn list() -> Vec<Listed> {
    let listed = |check: &&'static dyn Check| Listed {
        id: check.id(),
        layer: check.layer(),
        about: check.about(),
        needs: check.needs(),
    };
    checks::all().iter().map(listed).collect()
}

/// The names in `only` and `skip` that no check has.
#[must_use]
pub fn unknown_checks(options: &Options) -> Vec<&str> {
    let is_unknown = |name: &&String| !checks::all().iter().any(|check| check.id() == name.as_str());
    options.only.iter().chain(&options.skip).filter(is_unknown).map(String::as_str).collect()
}

/// Runs the checks that the options select and that the database is one for.
///
/// # Cancel safety
/// Nothing is left behind but what a drill had begun, which ends with its connections.
pub async fn diagnose(input: Input, options: Options, progress: Arc<dyn Progress>) -> Report {
    let started = Instant::now();
    let context = Context::new(input, options, Arc::clone(&progress));
    let ends = context.options.timeout.map(|timeout| started + timeout);
    let selected: Vec<_> = checks::all().iter().filter(|check| is_wanted(**check, &context)).collect();
    let mut findings: Vec<Finding> = Vec::new();
    for (index, check) in selected.iter().enumerate() {
        let began = Instant::now();
        let left = ends.map_or(Duration::MAX, |ends| ends.saturating_duration_since(began));
        let outcome = match broken_need(**check, &findings) {
            Some(needs) => needs_first(needs),
            None if left.is_zero() => Outcome::skipped("there was no time left"),
            None => {
                progress.begins(check.id(), index.saturating_add(1), selected.len());
                run(**check, &context, left).await
            }
        };
        findings.push(Finding { check: check.id(), layer: check.layer(), took: began.elapsed(), outcome });
    }
    progress.ended();
    let target = context.config().map(|config| context.shown(&config.target()));
    Report { at: jiff::Timestamp::now(), took: started.elapsed(), target, findings }
}

fn is_wanted(check: &dyn Check, context: &Context) -> bool {
    let applies = match check.applies() {
        Applies::Both => true,
        Applies::Postgres => context.sqlite().is_none(),
        Applies::Sqlite => context.sqlite().is_some(),
    };
    applies && context.options.selects(check.id())
}

/// The first check that this one depends on and that is broken.
fn broken_need(check: &dyn Check, findings: &[Finding]) -> Option<&'static str> {
    let of = |id: &str| findings.iter().find(|finding| finding.check == id);
    check.needs().iter().filter_map(|id| of(id)).find_map(|needed| match &needed.outcome.skipped {
        Some(Skipped { needs, .. }) => *needs,
        None => (needed.verdict() == Verdict::Failure).then_some(needed.check),
    })
}

fn needs_first(needs: &'static str) -> Outcome {
    let reason: Shown = shown!("needs ", needs, ", which is broken");
    let mut outcome = Outcome::skipped(reason.clone());
    outcome.skipped = Some(Skipped { reason, needs: Some(needs) });
    outcome
}

async fn run(check: &dyn Check, context: &Context, left: Duration) -> Outcome {
    let deadline = check.deadline(context).min(left);
    match timeout(deadline, check.run(context)).await {
        Ok(outcome) => outcome,
        Err(_) if deadline == left => Outcome::of(Problem::failure(
            "not finished when the time for all of it was over",
            "give it more time (--timeout); if it is never finished, the path or the server is silent",
        )),
        Err(_) => Outcome::of(Problem::failure(
            shown!("no result within ", deadline),
            "the path or the server is very slow or went silent: try again, and look at what the check looks at",
        )),
    }
}
