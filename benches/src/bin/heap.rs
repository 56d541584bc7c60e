//! Counts allocations; the crate that counts replaces the allocator of this program. Prints `name<TAB>figure`.
//!
//! It counts on its own thread only, so everything runs on one.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use steadfast_bench::error::Result;
use steadfast_bench::measure::{Plan, Work, drive};
use steadfast_bench::pools::CONNECTIONS;
use steadfast_bench::pools::memory::{Bb8, Deadpool, Mobc, Steadfast, Use};
use steadfast_bench::pools::postgres::{SELECT, connect_raw, database, deadpool_pool};
use tokio::runtime::{Builder, Runtime};
use tokio::task::unconstrained;
use tokio::time::sleep;

const OPERATIONS: u64 = 10_000;
/// After this each connection's own task has done what it had to, and waits for the server.
const SETTLED: Duration = Duration::from_millis(100);

fn main() -> Result<()> {
    let url = std::env::args().nth(1).ok_or("heap URL")?;
    // A runtime for each part: what one leaves behind is gone before the next is counted.
    let runtime = || Builder::new_current_thread().enable_all().build();
    on_postgres(&runtime()?, &url)?;
    idle_connections(&runtime()?, &url)?;
    waiters(&runtime()?)?;
    let runtime = runtime()?;
    for usage in [Use::Hot, Use::AcrossYield] {
        per_operation(&runtime, usage, "steadfast", runtime.block_on(Steadfast::new(usage))?);
        per_operation(&runtime, usage, "deadpool", runtime.block_on(Deadpool::new(usage))?);
        per_operation(&runtime, usage, "bb8", runtime.block_on(Bb8::new(usage))?);
        per_operation(&runtime, usage, "mobc", runtime.block_on(Mobc::new(usage))?);
    }
    Ok(())
}

/// Without what the tasks themselves cost, which is the same for all and known from work that does nothing.
fn per_operation<W: Work>(runtime: &Runtime, usage: Use, name: &str, work: W) {
    let (tasks, way) = match usage {
        Use::Hot => (1, "in memory, hot"),
        Use::AcrossYield => (64, "in memory, 64 tasks waiting in turn"),
    };
    let plan = Plan::Count { tasks, operations: OPERATIONS };
    let work = Arc::new(work);
    // The first time queues grow to their usual size.
    count(runtime, &work, plan);
    let of_tasks = count(runtime, &Arc::new(Nothing), plan);
    let each = count(runtime, &work, plan).saturating_sub(of_tasks) as f64 / OPERATIONS as f64;
    println!("allocations per checkout and return, {way}: {name}\t{each}");
}

fn count<W: Work>(runtime: &Runtime, work: &Arc<W>, plan: Plan) -> u64 {
    let counted = measure(|| {
        runtime.block_on(drive(work, plan));
    });
    counted.count_total
}

struct Nothing;

impl Work for Nothing {
    async fn once(&self, _task: usize) {}
}

fn on_postgres(runtime: &Runtime, url: &str) -> Result<()> {
    runtime.block_on(async {
        let database = database(url).await?;
        let pool = database.postgres().ok_or("not PostgreSQL")?;
        let fast = deadpool_pool(url, deadpool_postgres::RecyclingMethod::Fast, CONNECTIONS).await?;
        let now = "a connection that was used just now is there at once";
        // What has been idle for a second is asked first.
        drop(pool.acquire().await?);
        let own = measure(|| {
            for _ in 0..OPERATIONS {
                drop(unconstrained(pool.acquire()).now_or_never().expect(now).expect(now));
            }
        });
        let peer = measure(|| {
            for _ in 0..OPERATIONS {
                drop(unconstrained(fast.get()).now_or_never().expect(now).expect(now));
            }
        });
        for (name, counted) in [("steadfast", own), ("deadpool Fast", peer)] {
            let each = counted.count_total as f64 / OPERATIONS as f64;
            println!("allocations per checkout and return, on PostgreSQL: {name}\t{each}");
        }
        Ok(())
    })
}

/// Each connection has done one prepared statement, as any connection in use has.
fn idle_connections(runtime: &Runtime, url: &str) -> Result<()> {
    use steadfast::sql::SqlConnection as _;

    let mut clients = Vec::with_capacity(CONNECTIONS);
    // What the first connection leaves behind in driver and runtime is not the next one's.
    runtime.block_on(async { connect_raw(url).await.map(drop) })?;
    runtime.block_on(async { sleep(SETTLED).await });
    let raw = measure(|| {
        for _ in 0..CONNECTIONS {
            let opened = runtime.block_on(async {
                let client = connect_raw(url).await?;
                let statement = client.prepare(SELECT).await?;
                client.query(&statement, &[]).await?;
                Ok::<_, steadfast_bench::error::Error>((client, statement))
            });
            clients.push(opened.expect("a connection"));
        }
        runtime.block_on(async { sleep(SETTLED).await });
    });
    let mut config = steadfast::Config::from_url(url)?;
    (config.pool.size, config.pool.max_overflow) = (2 * CONNECTIONS, 0);
    let database = runtime.block_on(async { steadfast::Database::open_observed(&config, Vec::new()) })?;
    let pool = database.postgres().ok_or("not PostgreSQL")?;
    let use_together = |connections: usize| {
        runtime.block_on(async {
            let leases = join_all((0..connections).map(|_| pool.acquire())).await;
            for lease in leases {
                lease.expect("a connection").query(SELECT, &[]).await.expect("a row");
            }
        });
    };
    use_together(CONNECTIONS);
    let own = measure(|| {
        use_together(2 * CONNECTIONS);
        runtime.block_on(async { sleep(SETTLED).await });
    });
    for (name, counted) in [("tokio-postgres", raw), ("steadfast", own)] {
        let each = counted.bytes_current as f64 / CONNECTIONS as f64;
        println!("heap per idle connection, bytes: {name}\t{each:.0}");
    }
    Ok(())
}

/// What the pool keeps for one that waits, and the future in which it waits; without the task around it.
fn waiters(runtime: &Runtime) -> Result<()> {
    for crowd in [1_000, 10_000] {
        let pool = runtime.block_on(Steadfast::new(Use::Hot))?.pool;
        let counted = measure(|| {
            runtime.block_on(async {
                let leases = join_all((0..CONNECTIONS).map(|_| pool.acquire())).await;
                let mut waiting: Vec<_> = (0..crowd).map(|_| Box::pin(pool.acquire())).collect();
                for waiter in &mut waiting {
                    assert!(waiter.now_or_never().is_none(), "it waits");
                }
                drop(waiting);
                drop(leases);
            });
        });
        println!("heap per waiter, bytes: {crowd}\t{:.0}", counted.bytes_max as f64 / f64::from(crowd));
    }
    Ok(())
}
