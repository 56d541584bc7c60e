//! One piece of work, so many times, on one thread: for callgrind, whose counts can be compared between commits.
//!
//!     work steadfast|deadpool|bb8|mobc hot|yield OPERATIONS TASKS
//!     work steadfast|db.query|deadpool|raw|transaction|unguarded URL OPERATIONS TASKS

use std::sync::Arc;

use deadpool_postgres::RecyclingMethod;
use steadfast_bench::error::Result;
use steadfast_bench::measure::{Plan, Work, drive};
use steadfast_bench::pools::memory::{Bb8, Deadpool, Mobc, Steadfast, Use};
use steadfast_bench::pools::{postgres, transaction};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [who, what, operations, tasks] = arguments.as_slice() else {
        return Err("work WHO hot|yield|URL OPERATIONS TASKS".into());
    };
    let plan = Plan::Count { tasks: tasks.parse()?, operations: operations.parse()? };
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
        "steadfast" => work(Steadfast::new(usage).await?, plan).await,
        "deadpool" => work(Deadpool::new(usage).await?, plan).await,
        "bb8" => work(Bb8::new(usage).await?, plan).await,
        "mobc" => work(Mobc::new(usage).await?, plan).await,
        _ => return Err(format!("nobody is called {who}").into()),
    }
    Ok(())
}

async fn on_postgres(who: &str, url: &str, plan: Plan) -> Result<()> {
    match who {
        "steadfast" => work(postgres::Steadfast::new(url).await?, plan).await,
        "db.query" => work(postgres::Query::new(url).await?, plan).await,
        "deadpool" => work(postgres::Deadpool::new(url, RecyclingMethod::Fast).await?, plan).await,
        "raw" => work(postgres::Raw::new(url).await?, plan).await,
        "transaction" => work(transaction::Guarded::new(url).await?, plan).await,
        "unguarded" => work(transaction::Unguarded::new(url).await?, plan).await,
        _ => return Err(format!("nobody is called {who}").into()),
    }
    Ok(())
}

async fn work<W: Work>(work: W, plan: Plan) {
    drive(&Arc::new(work), plan).await;
}
