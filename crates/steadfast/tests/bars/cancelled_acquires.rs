//! Fear: callers who give up waiting take slots or connections with them.

use std::time::Duration;

use steadfast_test::{Postgres, eventually, poll_once};
use tokio::time::{Instant, timeout};

use crate::report::{Row, ms};
use crate::scene::{SOON, open, pool};

const CANCELLED: usize = 10_000;

struct Outcome {
    took: Duration,
    gave_up: usize,
    most: usize,
    left: usize,
}

/// Callers of all kinds of patience, most of whom get nothing, beside some who work.
async fn run() -> Outcome {
    let server = Postgres::start().await;
    let (database, _events) =
        open(&format!("{}?pool_size=3&pool_max_overflow=2&application_name=cancelled", server.url()));
    let pool = pool(&database);
    let began = Instant::now();
    let worker = async |seed: u64| {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut gave_up = 0;
        while gave_up < CANCELLED / 20 {
            match random.u8(0..3) {
                0 => {
                    poll_once(pool.acquire()).await;
                    gave_up += 1;
                }
                _ => match timeout(Duration::from_micros(random.u64(0..3000)), pool.acquire()).await {
                    Ok(lease) => {
                        let lease = lease.unwrap();
                        // Some leave in the middle of a statement as well.
                        let patience = Duration::from_micros(random.u64(0..4000));
                        drop(timeout(patience, lease.client().simple_query("SELECT 1")).await);
                    }
                    Err(_) => gave_up += 1,
                },
            }
        }
        gave_up
    };
    let gave_up: usize = futures_util::future::join_all((0..20).map(worker)).await.into_iter().sum();
    let took = began.elapsed();
    let most = server.backends("cancelled").await.total;
    eventually("all is quiet", SOON, async || {
        let status = pool.status();
        status.waiting + status.leased + status.opening + status.cleaning + status.verifying == 0
    })
    .await;
    let all = futures_util::future::join_all((0..5).map(|_| pool.acquire())).await;
    assert!(all.iter().all(Result::is_ok), "every slot can be had");
    assert!(pool.try_acquire().is_none(), "and no more");
    drop(all);
    let left = pool.close(Instant::now() + SOON).await;
    eventually("none is left", SOON, async || server.backends("cancelled").await.total == 0).await;
    Outcome { took, gave_up, most, left }
}

pub(crate) async fn measure() -> Row {
    let outcome = run().await;
    Row {
        fault: "10,000 cancelled acquires",
        bar: "nothing lost",
        figures: vec![
            format!("{} given up in {}", outcome.gave_up, ms(outcome.took)),
            format!("at most {} of 5 connections, {} left after close", outcome.most, outcome.left),
        ],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cancelled_acquires_lose_nothing() {
    let outcome = run().await;
    assert!(outcome.gave_up >= CANCELLED);
    assert!(outcome.most <= 5, "{}", outcome.most);
    assert_eq!(outcome.left, 0);
}
