//! One piece of work, so many times, on one thread: for callgrind, whose counts can be compared between commits.
//!
//! ```text
//! bench work steadfast|deadpool|bb8|mobc hot|yield OPERATIONS TASKS
//! bench work steadfast|db.query|deadpool|raw|transaction|unguarded URL OPERATIONS TASKS
//! ```

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::measure::{Plan, Work, drive};
use crate::pools::memory::{Bb8, Deadpool, Mobc, Steadfast, Use};
use crate::pools::{postgres, transaction};
use deadpool_postgres::RecyclingMethod;

/// Does the work `what` by `who`, on a runtime of one thread.
pub fn work(who: &str, what: &str, operations: u64, tasks: usize) -> Result<()> {
    let plan = Plan::Count { tasks, operations };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(who, what, plan))
}

async fn run(who: &str, what: &str, plan: Plan) -> Result<()> {
    let usage = match what {
        "hot" => Use::Hot,
        "yield" => Use::AcrossYield,
        url => return on_postgres(who, url, plan).await,
    };
    match who {
        "steadfast" => go(Steadfast::new(usage).await?, plan).await,
        "deadpool" => go(Deadpool::new(usage).await?, plan).await,
        "bb8" => go(Bb8::new(usage).await?, plan).await,
        "mobc" => go(Mobc::new(usage).await?, plan).await,
        _ => return Err(format!("nobody is called {who}").into()),
    }
    Ok(())
}

async fn on_postgres(who: &str, url: &str, plan: Plan) -> Result<()> {
    match who {
        "steadfast" => go(postgres::Steadfast::new(url).await?, plan).await,
        "db.query" => go(postgres::Query::new(url).await?, plan).await,
        "deadpool" => go(postgres::Deadpool::new(url, RecyclingMethod::Fast).await?, plan).await,
        "raw" => go(postgres::Raw::new(url).await?, plan).await,
        "transaction" => go(transaction::Guarded::new(url).await?, plan).await,
        "unguarded" => go(transaction::Unguarded::new(url).await?, plan).await,
        _ => return Err(format!("nobody is called {who}").into()),
    }
    Ok(())
}

/// Longer than a tick of steadfast's keeper, and shorter than it goes on when nobody comes.
const TURN: Duration = Duration::from_millis(200);

async fn go<W: Work>(work: W, plan: Plan) {
    let work = Arc::new(work);
    drive(&work, Plan::Count { tasks: 1, operations: 1 }).await;
    // Where a thread is free a pool's own tasks run beside its callers; here they have their turn before.
    tokio::time::sleep(TURN).await;
    drive(&work, plan).await;
}
