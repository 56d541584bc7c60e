//! The rules of the pool, one fear per file, against a simulated server under paused time.

#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "tests start tasks as an application would")]

mod capacity;
mod cancellation;
mod cleanliness;
mod closing;
mod deadlines;
mod errors;
mod generation;
mod keeping;
mod order;
mod outage;
mod pockets;
mod simulation;
mod verification;

use std::time::Duration;

use steadfast::config::PoolOptions;
use steadfast::pool::{Lease, Pool};
use steadfast_test::sim::SimServer;

/// A pool of this size on a new server.
fn pool(size: usize, max_overflow: usize) -> (Pool<SimServer>, SimServer) {
    pool_with(|options| {
        options.size = size;
        options.max_overflow = max_overflow;
    })
}

/// A pool with changed options on a new server.
fn pool_with(change: impl FnOnce(&mut PoolOptions)) -> (Pool<SimServer>, SimServer) {
    let server = SimServer::new();
    let mut options = PoolOptions::default();
    change(&mut options);
    (Pool::new(server.clone(), options).unwrap(), server)
}

/// Takes this many leases.
async fn take(pool: &Pool<SimServer>, number: usize) -> Vec<Lease<SimServer>> {
    let mut leases = Vec::new();
    for _ in 0..number {
        leases.push(pool.acquire().await.unwrap());
    }
    leases
}

/// Lets everything happen that happens by itself within this time.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
