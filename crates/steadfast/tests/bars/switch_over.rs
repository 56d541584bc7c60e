//! Fear: after a switch-over all connections lead to the demoted primary: they live, and every write fails.

use std::time::Duration;

use steadfast::Error;
use steadfast::sql::{SqlConnection as _, TransactionOptions};
use steadfast_test::{Postgres, Relay, eventually};
use tokio::time::Instant;

use crate::report::{Row, ms};
use crate::scene::{SOON, backend, open, pool};

struct Outcome {
    /// Of the unit of work: how often its closure ran, and how long it took.
    runs: u32,
    took: Duration,
    /// The error of the first write on a bare lease, and whether the next one succeeded.
    refused: String,
    next: Result<u64, String>,
}

/// The address moves to the new primary while connections to the old one, a standby by now, live on.
async fn run() -> Outcome {
    let primary = Postgres::start().await;
    primary.psql("CREATE TABLE numbers (n int); GRANT ALL ON numbers TO steadfast").await;
    let standby = primary.standby().await;
    standby.wait_until_caught_up_with(&primary).await;
    let relay = Relay::to(primary.addr()).await;
    let url = relay.url_from(&primary);

    let lead_astray = async |database: &steadfast::Database| {
        relay.redirect_to(standby.addr());
        let three = futures_util::future::join_all((0..3).map(|_| pool(database).acquire())).await;
        assert!(three.iter().all(Result::is_ok), "reads work there");
        drop(three);
        relay.redirect_to(primary.addr());
        eventually("they are idle", SOON, async || database.status().idle == 3).await;
    };

    let (database, _events) = open(&url);
    lead_astray(&database).await;
    let runs = std::sync::atomic::AtomicU32::new(0);
    let began = Instant::now();
    let done: Result<u64, Error> = database
        .transaction(TransactionOptions::default(), Some(began + SOON), async |tx| {
            runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tx.execute("INSERT INTO numbers VALUES (1)", &[]).await
        })
        .await;
    let took = began.elapsed();
    done.unwrap();

    let (database, _events) = open(&url);
    lead_astray(&database).await;
    let write = async || {
        let mut lease = pool(&database).acquire().await.unwrap();
        lease.execute("INSERT INTO numbers VALUES (2)", &[]).await
    };
    let refused = write().await.unwrap_err().to_string();
    let next = write().await.map_err(|fault| fault.to_string());

    // The same by way of the driver's own client.
    let (database, _events) = open(&url);
    lead_astray(&database).await;
    let write = async || {
        let lease = pool(&database).acquire().await.unwrap();
        lease.client().execute("INSERT INTO numbers VALUES (3)", &[]).await
    };
    write().await.unwrap_err();
    write().await.unwrap();
    Outcome { runs: runs.into_inner(), took, refused, next }
}

pub(crate) async fn measure() -> Row {
    let outcome = run().await;
    Row {
        fault: "switch-over: connected to a demoted primary (25006)",
        bar: "found at the first write; next write goes to the new primary",
        figures: vec![
            format!("transaction: done in run {} after {}", outcome.runs, ms(outcome.took)),
            format!(
                "bare lease: the first write fails (25006), the second {}",
                outcome.next.map_or_else(|fault| fault, |_| "is done on the new primary".to_owned())
            ),
        ],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_write_after_a_switch_over_finds_it_out() {
    let outcome = run().await;
    assert_eq!(outcome.runs, 2, "once there, once on the new primary");
    assert!(outcome.refused.contains("25006"), "{}", outcome.refused);
    assert_eq!(outcome.next, Ok(1));
}

#[tokio::test]
async fn a_write_where_the_session_only_reads_says_nothing_about_the_server() {
    let server = Postgres::start().await;
    let (database, _events) = open(&server.url());
    let pool = pool(&database);
    let first = backend(&pool.acquire().await.unwrap());
    for texts in [
        ["BEGIN READ ONLY", "CREATE TABLE t (n int)"],
        ["SET default_transaction_read_only = on", "CREATE TABLE t (n int)"],
    ] {
        let lease = pool.acquire().await.unwrap();
        lease.client().batch_execute(texts[0]).await.unwrap();
        lease.client().batch_execute(texts[1]).await.unwrap_err();
        drop(lease);
        assert_eq!(backend(&pool.acquire().await.unwrap()), first, "{texts:?}");
    }
}

#[tokio::test]
async fn a_primary_that_was_told_to_refuse_writes_is_left_as_well() {
    for reads in [0, 40] {
        is_left_when_told_to_refuse_writes(reads).await;
    }
}

/// Behind so many reads in a row: after some the session refuses writes for their sake, which is nothing that was told.
async fn is_left_when_told_to_refuse_writes(reads: usize) {
    let (old, new) = tokio::join!(Postgres::start(), Postgres::start());
    for server in [&old, &new] {
        server.psql("CREATE TABLE numbers (n int); GRANT ALL ON numbers TO steadfast").await;
    }
    let relay = Relay::to(old.addr()).await;
    let (database, _events) = open(&format!("{}?pool_size=2&pool_max_overflow=0", relay.url_from(&old)));
    let pool = pool(&database);
    let both = async || futures_util::future::try_join_all((0..2).map(|_| pool.acquire())).await.unwrap();
    for mut lease in both().await {
        for _ in 0..reads {
            lease.read("SELECT 1", &[]).await.unwrap();
        }
    }
    let kept = old.psql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT 1%'").await;
    assert_eq!(kept, if reads > 0 { "2" } else { "0" });
    old.set("default_transaction_read_only", "on").await;
    relay.redirect_to(new.addr());
    let mut lease = pool.acquire().await.unwrap();
    let refused = async || lease.execute("INSERT INTO numbers VALUES (1)", &[]).await.is_err();
    eventually("the old one refuses", SOON, refused).await;
    drop(lease);
    for mut lease in both().await {
        lease.execute("INSERT INTO numbers VALUES (2)", &[]).await.unwrap();
    }
    assert_eq!(new.psql("SELECT count(*) FROM numbers").await, "2");
}
