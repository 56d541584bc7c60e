//! How long things take: connecting, encrypting, logging in, asking; and whether the clocks agree.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use steadfast::Fault;
use steadfast::time::Instant;

use crate::check::{Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::net::tls::Seen;
use crate::session::Session;
use crate::shown::shown;
use crate::words::unanswered;

/// How long things take.
#[derive(Debug)]
pub(crate) struct Latency;

impl Check for Latency {
    fn id(&self) -> &'static str {
        "latency"
    }

    fn layer(&self) -> Layer {
        Layer::Path
    }

    fn about(&self) -> &'static str {
        "connect, TLS, log-in, SELECT 1 (p50, p95, p99 of 50), clock skew"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication"]
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

const SAMPLES: usize = 50;
/// A long path is known well enough by then.
const ENOUGH: Duration = Duration::from_secs(3);
/// A request asks several times; from here on that is felt.
const FAR: Duration = Duration::from_millis(50);
/// One in twenty that takes so much longer than usual means queueing or loss on the way. The longest of fifty does not:
/// something else ran for a moment.
const JITTER: f64 = 20.0;
/// What takes less is nobody's trouble, however uneven it is.
const UNEVEN: Duration = Duration::from_millis(50);
/// Certificates, tokens and timestamps of the application begin to disagree.
const SKEW: Duration = Duration::from_secs(2);

async fn look(context: &Context) -> Outcome {
    let opened = match context.opened().await {
        Ok(opened) => opened,
        Err(fault) => return unanswered(&fault, context),
    };
    let samples = match measure(&opened.session).await {
        Ok(samples) => samples,
        Err(fault) => return unanswered(&fault, context),
    };
    let at = |percent: usize| {
        let index = samples.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
        samples.get(index).copied().unwrap_or_default()
    };
    let (p50, p95, p99) = (at(50), at(95), at(99));
    let connect = context.hosts().await.first_open().map(|door| door.median()).unwrap_or_default();
    let tls = match context.tls().await {
        Some(Seen::Up(up)) if opened.session.connection().server().tls.is_some() => up.took,
        _ => Duration::ZERO,
    };
    let mut outcome = Outcome::new(shown!("SELECT 1 takes ", p50, " (p99 ", p99, ")"))
        .with("connect", connect)
        .with("TLS", tls)
        .with("log-in", opened.took.saturating_sub(connect).saturating_sub(tls))
        .with("all of it", opened.took)
        .with("SELECT 1, p50", p50)
        .with("SELECT 1, p95", p95)
        .with("SELECT 1, p99", p99)
        .with("samples", samples.len());
    if p50 > FAR {
        let cause = shown!(
            "a round trip takes ",
            p50,
            ": a request with ten statements waits ",
            p50.saturating_mul(10),
            " for the path alone"
        );
        let remedy = "run the application in the database's region, and its private address if it has one; send several statements in one round trip";
        outcome.problems.push(Problem::warning(cause, remedy));
    }
    if p95.as_secs_f64() > p50.as_secs_f64() * JITTER && p95 > UNEVEN {
        let cause = shown!("one round trip in twenty takes ", p95, ", the usual one ", p50);
        let remedy = "packets are lost, or server, proxy or this machine is short of processor time: look at their load, then run the check again";
        outcome.problems.push(Problem::warning(cause, remedy));
    }
    match skew(&opened.session).await {
        Ok(skew) => {
            outcome.add("clock skew", skew);
            if skew > SKEW {
                let cause = shown!("the clocks of this machine and of the server differ by ", skew);
                let remedy = "synchronise both (chrony, systemd-timesyncd): certificates, tokens and timestamps depend on it";
                outcome.problems.push(Problem::warning(cause, remedy));
            }
        }
        Err(fault) => return unanswered(&fault, context),
    }
    outcome
}

/// Sorted.
async fn measure(session: &Session) -> Result<Vec<Duration>, Fault> {
    let (started, mut samples) = (Instant::now(), Vec::new());
    // The first one is not like the others: the server loads its catalogue.
    session.ping().await?;
    while samples.len() < SAMPLES && (started.elapsed() < ENOUGH || samples.is_empty()) {
        let begun = Instant::now();
        session.ping().await?;
        samples.push(begun.elapsed());
    }
    samples.sort_unstable();
    Ok(samples)
}

/// How far the clocks are apart at least: half a round trip belongs to the path.
async fn skew(session: &Session) -> Result<Duration, Fault> {
    let before = SystemTime::now();
    let row = session.row("SELECT extract(epoch FROM clock_timestamp())").await?;
    let after = SystemTime::now();
    let (theirs, since) =
        (row.seconds(0), |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default());
    Ok(since(before).saturating_sub(theirs).max(theirs.saturating_sub(since(after))))
}
