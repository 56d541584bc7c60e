//! What metrics cost on the hot path, side by side in one run:
//!
//! ```sh
//! cargo run --release -p steadfast --features metrics --example cost_of_metrics
//! ```
//!
//! Starts a PostgreSQL of its own. Rounds with and without metrics alternate, so that whatever else the machine does
//! hits both; what is told is the median of the rounds.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people, who see the panic")]

use std::sync::Arc;

use steadfast::Database;
use steadfast::config::{Config, PoolOptions};
use steadfast::event::Observer;
use steadfast::metrics::Metrics;
use steadfast::pool::Pool;
use steadfast::time::{Duration, Instant};
use steadfast_test::Postgres;
use steadfast_test::sim::SimServer;

const ROUNDS: usize = 41;
const CHECKOUTS: u32 = 100_000;
const QUERIES: u32 = 500;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let postgres = Postgres::start().await;
    let config = Config::from_url(&postgres.url()).unwrap();
    let metrics = Metrics::new(&config, 0);
    let plain_pool = pool(None);
    let measured_pool = pool(Some(metrics.observer()));
    let plain = Database::open_observed(&config, Vec::new()).unwrap();
    let measured = Database::open_observed(&config, vec![metrics.observer()]).unwrap();
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(checkouts(&plain_pool).await);
        times[1].push(checkouts(&measured_pool).await);
        times[2].push(queries(&plain).await);
        times[3].push(queries(&measured).await);
    }
    let [pool_plain, pool_measured, query_plain, query_measured] = times.map(median);
    let extra = pool_measured.saturating_sub(pool_plain);
    println!(
        "checkout and return:            {pool_plain:>10.1?} without, {pool_measured:>10.1?} with metrics"
    );
    println!(
        "checkout with a query, return:  {query_plain:>10.1?} without, {query_measured:>10.1?} with metrics"
    );
    println!(
        "metrics of a checkout:          {extra:.1?}, {:.2} % of a checkout with a query",
        share(extra, query_plain)
    );
    let difference = query_measured.as_secs_f64() / query_plain.as_secs_f64() - 1.0;
    println!("metrics of a whole query:       {:+.2} % of it, as measured end to end", difference * 100.0);
}

fn pool(observer: Option<Arc<dyn Observer>>) -> Pool<SimServer> {
    let builder = Pool::builder(SimServer::new()).options(PoolOptions::default());
    observer.into_iter().fold(builder, |builder, observer| builder.observer(observer)).build().unwrap()
}

async fn checkouts(pool: &Pool<SimServer>) -> Duration {
    drop(pool.acquire().await.unwrap());
    let begun = Instant::now();
    for _ in 0..CHECKOUTS {
        drop(pool.acquire().await.unwrap());
    }
    begun.elapsed() / CHECKOUTS
}

async fn queries(database: &Database) -> Duration {
    drop(database.query("SELECT 1", &[], None).await.unwrap());
    let begun = Instant::now();
    for _ in 0..QUERIES {
        drop(database.query("SELECT 1", &[], None).await.unwrap());
    }
    begun.elapsed() / QUERIES
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn share(part: Duration, whole: Duration) -> f64 {
    part.as_secs_f64() / whole.as_secs_f64() * 100.0
}
