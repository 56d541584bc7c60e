//! Whether the pool gives what its options promise: a checkout and its reuse; and, as a drill, overflow, time-out and
//! recycling.

use std::time::Duration;

use steadfast::Fault;
use steadfast::config::PoolOptions;
use steadfast::error::AcquireError;
use steadfast::pool::Pool as Connections;
use steadfast::postgres::PostgresConnector;
use steadfast::time::{Instant, sleep};

use crate::check::{Applies, Check, Running};
use crate::context::Context;
use crate::finding::{Outcome, Problem};
use crate::layer::Layer;
use crate::shown::shown;
use crate::story;
use crate::words::problem_of;

/// Whether the pool gives what it promises.
#[derive(Debug)]
pub(crate) struct Pool;

impl Check for Pool {
    fn id(&self) -> &'static str {
        "pool"
    }

    fn layer(&self) -> Layer {
        Layer::Behaviour
    }

    fn about(&self) -> &'static str {
        "checkout and reuse; with --drill also overflow, time-out and recycling"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["authentication", "sqlite"]
    }

    fn applies(&self) -> Applies {
        Applies::Both
    }

    fn deadline(&self, context: &Context) -> Duration {
        context.connect_timeout().saturating_mul(3).saturating_add(Duration::from_secs(5))
    }

    fn run<'a>(&'a self, context: &'a Context) -> Running<'a> {
        Box::pin(look(context))
    }
}

/// How long a caller waits for a connection when it is clear that there is none.
const WAIT: Duration = Duration::from_millis(300);
/// The age at which connections are replaced while that is looked at.
const SHORT_LIFE: Duration = Duration::from_millis(500);
const GOODBYE: Duration = Duration::from_secs(1);

async fn look(context: &Context) -> Outcome {
    if context.sqlite().is_some() {
        return super::sqlite::pool::look(context).await;
    }
    let Some(options) = context.config().map(|config| config.pool.clone()) else {
        return Outcome::skipped("there is no configuration");
    };
    let mut outcome = Outcome::new("");
    let result = drill(context, &options, &mut outcome).await;
    if let Err(fault) = result {
        outcome.problems.push(problem_of(&fault, context));
    }
    if let Some(problem) = outcome.problems.first() {
        outcome.summary = problem.cause.clone();
    }
    outcome
}

async fn drill(context: &Context, options: &PoolOptions, outcome: &mut Outcome) -> Result<(), Fault> {
    let mut lazy = options.clone();
    lazy.min_idle = 0;
    let pool = build(context, lazy)?;
    let (first, opened) = checkout(&pool).await?;
    drop(first);
    let (second, reused) = checkout(&pool).await?;
    drop(second);
    outcome.add("first checkout, with a connection to open", opened);
    outcome.add("second checkout", reused);
    outcome.summary =
        shown!("a checkout takes ", opened, " when it opens a connection, ", reused, " when it does not");
    if pool.status().total() > 1 {
        let cause = "the pool opened a second connection although the first had come back";
        outcome.problems.push(Problem::warning(
            cause,
            "the connection broke in between: look at the path, and at the check of latency",
        ));
    }
    if context.options.drill {
        fill(&pool, options, outcome).await;
    }
    let _left = pool.close(Instant::now() + GOODBYE).await;
    if context.options.drill {
        recycle(context, options, outcome).await?;
    }
    Ok(())
}

type Lease = steadfast::pool::Lease<PostgresConnector>;

async fn checkout(pool: &Connections<PostgresConnector>) -> Result<(Lease, Duration), Fault> {
    let started = Instant::now();
    let lease = pool.acquire().await.map_err(|error| fault_of(&error))?;
    Ok((lease, started.elapsed()))
}

fn fault_of(error: &AcquireError) -> Fault {
    use steadfast::verdict::{Class, Step};
    let unknown = || Fault::new(Class::Capacity, Step::Dial, error.to_string());
    error.last_connect().cloned().unwrap_or_else(unknown)
}

fn build(context: &Context, options: PoolOptions) -> Result<Connections<PostgresConnector>, Fault> {
    Connections::new(context.connector(|_| ())?, options).map_err(|error| crate::context::unusable(&error))
}

/// Takes all that the pool may open, and one more.
async fn fill(pool: &Connections<PostgresConnector>, options: &PoolOptions, outcome: &mut Outcome) {
    let capacity = options.capacity();
    let started = Instant::now();
    let deadline = started + options.connect_timeout;
    let all = futures_util::future::join_all((0..capacity).map(|_| pool.acquire_until(deadline))).await;
    let leases: Vec<Lease> = all.into_iter().flatten().collect();
    outcome
        .add("connections with overflow", shown!(leases.len(), " of ", capacity, " in ", started.elapsed()));
    if leases.len() < capacity {
        let cause =
            shown!("the pool may open ", capacity, " connections, and the server let in only ", leases.len());
        let remedy = "lower STEADFAST_POOL_SIZE and STEADFAST_POOL_MAX_OVERFLOW, or free connections: see the check of capacity";
        outcome.problems.push(Problem::failure(cause, remedy).explained(story::TOO_MANY));
        return;
    }
    let started = Instant::now();
    let refused = pool.acquire_until(started + WAIT).await.is_err();
    let waited = started.elapsed();
    outcome.add("one more is refused after", waited);
    if !refused || waited > WAIT.saturating_mul(10) {
        let cause = "a caller beyond the pool's capacity was not told in time that there is no connection";
        outcome.problems.push(Problem::warning(
            cause,
            "this machine is short of processor time, or there is a bug: please report it",
        ));
    }
}

/// Whether a connection is replaced when it is old.
async fn recycle(context: &Context, options: &PoolOptions, outcome: &mut Outcome) -> Result<(), Fault> {
    let mut short = options.clone();
    (short.recycle, short.min_idle) = (Some(SHORT_LIFE), 0);
    let pool = build(context, short)?;
    let process = |lease: &Lease| lease.server().process;
    let (lease, _) = checkout(&pool).await?;
    let first = process(&lease);
    drop(lease);
    sleep(SHORT_LIFE.saturating_mul(2)).await;
    let (lease, took) = checkout(&pool).await?;
    let replaced = process(&lease) != first;
    drop(lease);
    let _left = pool.close(Instant::now() + GOODBYE).await;
    outcome.add("an old connection is replaced", replaced);
    outcome.add("checkout after that", took);
    if !replaced {
        let cause = "a connection older than `recycle` was handed out";
        outcome.problems.push(Problem::warning(
            cause,
            "behind a pooler numbers may repeat; else there is a bug: please report it",
        ));
    }
    Ok(())
}
