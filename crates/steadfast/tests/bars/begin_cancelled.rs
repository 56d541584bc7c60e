//! Fear: a BEGIN whose future was dropped after its first poll opens a transaction for somebody else.

use steadfast_test::{Postgres, poll_once};

use crate::report::Row;
use crate::scene::{open, pool};

/// How many of so many rounds found themselves in an old transaction, and how many connections there were.
async fn run(rounds: usize) -> (usize, usize) {
    let server = Postgres::start().await;
    let url = format!("{}?pool_size=1&pool_max_overflow=0&application_name=begun", server.url());
    let (database, _events) = open(&url);
    let pool = pool(&database);
    let mut inside = 0;
    for _ in 0..rounds {
        let lease = pool.acquire().await.unwrap();
        poll_once(lease.client().batch_execute("BEGIN")).await;
        drop(lease);
        // Refused outside a transaction.
        let next = pool.acquire().await.unwrap();
        inside += usize::from(next.client().batch_execute("SAVEPOINT inside").await.is_ok());
    }
    assert_eq!(server.backends("begun").await.idle_in_transaction, 0);
    (inside, server.backends("begun").await.total)
}

pub(crate) async fn measure() -> Row {
    let (inside, connections) = run(2000).await;
    Row {
        fault: "BEGIN cancelled after its first poll",
        bar: "clean",
        figures: vec![format!("{inside} of 2000 found a transaction open, on {connections} connection")],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_begin_dropped_after_its_first_poll_is_nobodys_transaction() {
    assert_eq!(run(300).await, (0, 1));
}
