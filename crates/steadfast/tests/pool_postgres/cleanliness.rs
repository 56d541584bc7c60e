//! Fear: the next borrower gets what the one before left.

use steadfast::sql::SqlConnection as _;
use steadfast_test::poll_once;

use crate::support::*;

/// All that may differ between one borrower and the next.
const STATE: &str = "SELECT concat_ws(' ', current_setting('work_mem'), current_user, \
    (SELECT count(*) FROM pg_listening_channels()), \
    (SELECT count(*) FROM pg_locks WHERE locktype IN ('advisory', 'relation') AND mode <> 'AccessShareLock' \
        AND pid = pg_backend_pid()), \
    (SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND pg_table_is_visible(oid)), \
    (SELECT count(*) FROM pg_prepared_statements WHERE from_sql), \
    (SELECT count(*) FROM pg_cursors WHERE name <> ''))";

const PRISTINE: &str = "4MB steadfast 0 0 0 0 0";

#[tokio::test]
async fn whatever_is_left_behind_is_gone_for_the_next_borrower() {
    let server = server().await;
    server.psql("CREATE TABLE left_behind (n int); GRANT ALL ON left_behind TO steadfast").await;
    let pool = pool(&server.url(), "leftovers", 1);
    let first = backend(&pool.acquire().await.unwrap());
    for leftover in [
        "BEGIN",
        "BEGIN; INSERT INTO left_behind VALUES (1)",
        "BEGIN; LOCK TABLE left_behind; SELECT pg_advisory_xact_lock(7)",
        "BEGIN; SELECT 1/0",
        "SET work_mem = '5MB'",
        "BEGIN; SET work_mem = '5MB'; COMMIT",
        "BEGIN; SET work_mem = '5MB'",
        "CREATE TEMP TABLE scratch AS SELECT 1",
        "LISTEN somebody",
        "SELECT pg_advisory_lock(42)",
        "PREPARE mine AS SELECT 1",
        "BEGIN; DECLARE c CURSOR FOR SELECT 1",
        "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT",
    ] {
        let lease = pool.acquire().await.unwrap();
        let _may_fail = lease.client().batch_execute(leftover).await;
        drop(lease);
        let mut next = pool.acquire().await.unwrap();
        assert_eq!(backend(&next), first, "{leftover}: cleaning costs no connection");
        assert_eq!(text(&mut next, STATE).await, PRISTINE, "{leftover}");
        assert_eq!(server.backends("leftovers").await.idle_in_transaction, 0, "{leftover}");
    }
    assert_eq!(server.psql("SELECT count(*) FROM left_behind").await, "0");
    assert_eq!(server.backends("leftovers").await.total, 1);
}

#[tokio::test]
async fn a_transaction_of_the_library_left_open_is_rolled_back() {
    let server = server().await;
    server.psql("CREATE TABLE left_open (n int); GRANT ALL ON left_open TO steadfast").await;
    let pool = pool(&server.url(), "left open", 1);
    for _ in 0..3 {
        let mut lease = pool.acquire().await.unwrap();
        lease.begin(steadfast::sql::TransactionOptions::default()).await.unwrap();
        lease.execute("INSERT INTO left_open VALUES (1)", &[]).await.unwrap();
        drop(lease);
        let mut lease = pool.acquire().await.unwrap();
        lease.begin(steadfast::sql::TransactionOptions::default()).await.unwrap();
        drop(lease);
        assert_eq!(text(&mut pool.acquire().await.unwrap(), STATE).await, PRISTINE);
        assert_eq!(server.backends("left open").await.idle_in_transaction, 0);
    }
    assert_eq!(server.psql("SELECT count(*) FROM left_open").await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_begin_dropped_after_its_first_poll_is_nobodys_transaction() {
    let server = server().await;
    let pool = pool(&server.url(), "begun", 1);
    for round in 0..100 {
        let lease = pool.acquire().await.unwrap();
        poll_once(lease.client().batch_execute("BEGIN")).await;
        drop(lease);
        assert_eq!(text(&mut pool.acquire().await.unwrap(), STATE).await, PRISTINE, "round {round}");
        if round % 10 == 0 {
            assert_eq!(server.backends("begun").await.idle_in_transaction, 0, "round {round}");
        }
    }
    assert_eq!(server.backends("begun").await.total, 1);
}
