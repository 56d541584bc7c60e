//! Fear: what one borrower changes in the session is there for the next.

use steadfast::connector::{Alarm, Connector as _};
use steadfast::sql::{SqlConnection as _, TransactionOptions};

use super::support::{is_dirty, is_ready, plain};

#[tokio::test]
async fn what_was_changed_in_the_session_is_gone_after_cleaning() {
    let (connector, mut connection) = plain().await;
    connection.query("SELECT 'kept in the cache'", &[]).await.unwrap();
    for change in [
        "SET work_mem = '5MB'",
        "SELECT set_config('work_mem', '5MB', false)",
        "LISTEN somebody",
        "SELECT pg_advisory_lock(42)",
        "CREATE TEMP TABLE scratch AS SELECT 1",
        "CREATE TABLE pg_temp.scratch2 (a int)",
        "PREPARE mine AS SELECT 1",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "SET ROLE pg_monitor",
        "DO $$BEGIN PERFORM set_config('work_mem', '6MB', false); END$$",
        "BEGIN",
    ] {
        connection.batch(change).await.unwrap();
        assert!(is_dirty(&connector.inspect(&connection)), "{change}");
        connector.clean(&mut connection).await.unwrap();
        assert!(is_ready(&connector.inspect(&connection)), "{change}");
        let rows = connection
            .query(
                "SELECT current_setting('work_mem') || ' ' || current_user || ' ' \
                 || (SELECT count(*) FROM pg_listening_channels()) \
                 || (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) \
                 || (SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND pg_table_is_visible(oid)) \
                 || (SELECT count(*) FROM pg_prepared_statements WHERE from_sql) \
                 || (SELECT count(*) FROM pg_cursors WHERE is_holdable) AS rest",
                &[],
            )
            .await
            .unwrap();
        assert_eq!(rows[0].get::<String>("rest").unwrap(), "4MB postgres 00000", "{change}");
    }
    assert_eq!(connection.query("SELECT 'kept in the cache'", &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_ends_with_its_transaction_costs_no_reset() {
    let (connector, mut connection) = plain().await;
    for harmless in [
        "SET LOCAL work_mem = '5MB'",
        "SELECT pg_advisory_xact_lock(1)",
        "SET CONSTRAINTS ALL DEFERRED",
        "CREATE TABLE harmless (temperature int)",
    ] {
        connection.begin(TransactionOptions::default()).await.unwrap();
        connection.batch(harmless).await.unwrap();
        connection.commit().await.unwrap();
        assert!(is_ready(&connector.inspect(&connection)), "{harmless}");
    }
}

#[tokio::test]
async fn a_function_that_is_created_meanwhile_is_known_to_all_connections() {
    let (connector, mut creator) = plain().await;
    let mut other = connector.connect(Alarm::silent()).await.unwrap();
    other.query("SELECT 'harmless'", &[]).await.unwrap();
    assert!(is_ready(&connector.inspect(&other)));
    creator
        .batch(
            "CREATE FUNCTION widen_here() RETURNS text LANGUAGE sql AS \
             $$SELECT set_config('work_mem', '5MB', false)$$",
        )
        .await
        .unwrap();
    other.query("SELECT 'new'", &[]).await.unwrap();
    assert!(is_dirty(&connector.inspect(&other)), "it may have called anything");
    connector.clean(&mut other).await.unwrap();
    assert!(is_ready(&connector.inspect(&other)));
    other.query("SELECT widen_here()", &[]).await.unwrap();
    assert!(is_dirty(&connector.inspect(&other)));
    connector.clean(&mut other).await.unwrap();
    let rows = other.query("SHOW work_mem", &[]).await.unwrap();
    assert_eq!(rows[0].at::<String>(0).unwrap(), "4MB");
    // Whoever connects now knows it, and what is harmless costs nothing.
    let mut fresh = connector.connect(Alarm::silent()).await.unwrap();
    fresh.query("SELECT 'harmless'", &[]).await.unwrap();
    assert!(is_ready(&connector.inspect(&fresh)));
}

#[tokio::test]
async fn functions_that_change_nothing_cost_nothing() {
    let (connector, mut connection) = plain().await;
    connection
        .batch(
            "CREATE TABLE touched_often (n int, at timestamptz); \
             CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS \
                 $$BEGIN NEW.at := now(); UPDATE touched_often SET n = n + 1 WHERE n < 0; RETURN NEW; END$$; \
             CREATE TRIGGER stamped BEFORE INSERT ON touched_often FOR EACH ROW EXECUTE FUNCTION stamp(); \
             CREATE FUNCTION careful() RETURNS void LANGUAGE plpgsql AS \
                 $$BEGIN SET LOCAL lock_timeout = '1s'; PERFORM pg_advisory_xact_lock(1); END$$",
        )
        .await
        .unwrap();
    connector.clean(&mut connection).await.unwrap();
    for harmless in
        ["INSERT INTO touched_often VALUES (1)", "SELECT careful()", "SELECT n FROM touched_often"]
    {
        connection.query(harmless, &[]).await.unwrap();
        assert!(is_ready(&connector.inspect(&connection)), "{harmless}");
    }
}
