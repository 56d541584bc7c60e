//! Fear: the next borrower gets what the one before left in the session.

use steadfast_test::Postgres;

use crate::report::Row;
use crate::scene::{backend, open, pool, text};

/// All that may differ between one borrower and the next.
const STATE: &str = "SELECT concat_ws(' ', session_user, current_user, current_setting('role'), \
    current_setting('work_mem'), current_setting('TimeZone'), coalesce(current_setting('app.tenant', true), ''), \
    current_setting('transaction_isolation'), \
    (SELECT count(*) FROM pg_listening_channels()), \
    (SELECT count(*) FROM pg_locks WHERE locktype IN ('advisory', 'relation') AND mode <> 'AccessShareLock' \
        AND pid = pg_backend_pid()), \
    (SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND pg_table_is_visible(oid)), \
    (SELECT count(*) FROM pg_prepared_statements WHERE from_sql), \
    (SELECT count(*) FROM pg_cursors WHERE name <> ''))";

/// What a borrower may leave behind, and what it is called.
const LEFTOVERS: &[(&str, &str)] = &[
    ("transaction open", "BEGIN; INSERT INTO left_behind VALUES (1)"),
    ("transaction failed", "BEGIN; SELECT 1/0"),
    ("lock held", "BEGIN; LOCK TABLE left_behind"),
    ("SET", "SET work_mem = '5MB'"),
    ("SET of a reported setting", "SET TimeZone = 'Asia/Tokyo'"),
    ("SET, committed", "BEGIN; SET work_mem = '5MB'; COMMIT"),
    (
        "SET SESSION CHARACTERISTICS",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    ),
    ("set_config", "SELECT set_config('app.tenant', '7', false)"),
    ("DO", "DO $$BEGIN PERFORM set_config('app.tenant', '7', false); END$$"),
    ("temporary table", "CREATE TEMP TABLE scratch AS SELECT 1"),
    ("LISTEN", "LISTEN somebody"),
    ("advisory lock", "SELECT pg_advisory_lock(42)"),
    ("prepared statement", "PREPARE mine AS SELECT 1"),
    ("cursor WITH HOLD", "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT"),
    ("SET ROLE", "SET ROLE pg_monitor"),
    ("SET SESSION AUTHORIZATION", "SET SESSION AUTHORIZATION steadfast"),
    ("function that calls set_config", "SELECT become_tenant('7')"),
    ("function that SETs", "SELECT widen()"),
    ("function that calls such a function", "SELECT count(*) FROM seen_by('7')"),
    ("function with dynamic SQL", "SELECT by_name('work_mem', '5MB')"),
    ("function that sets what is reported", "SELECT move_to_tokyo()"),
    ("function that locks", "SELECT only_one()"),
    ("function of a trigger", "INSERT INTO audited VALUES (1)"),
    ("function in a view", "SELECT * FROM of_tenant"),
    ("procedure", "CALL become('7')"),
];

/// Functions that somebody else wrote.
const FUNCTIONS: &str = "
    CREATE TABLE left_behind (n int); CREATE TABLE audited (n int);
    CREATE FUNCTION become_tenant(t text) RETURNS void LANGUAGE plpgsql AS
        $$BEGIN PERFORM set_config('app.tenant', t, false); END$$;
    CREATE FUNCTION widen() RETURNS void LANGUAGE plpgsql AS $$BEGIN SET work_mem = '5MB'; END$$;
    CREATE FUNCTION seen_by(t text) RETURNS SETOF left_behind LANGUAGE plpgsql AS
        $$BEGIN PERFORM become_tenant(t); RETURN QUERY SELECT * FROM left_behind; END$$;
    CREATE FUNCTION by_name(name text, value text) RETURNS void LANGUAGE plpgsql AS
        $$BEGIN EXECUTE 'SET ' || quote_ident(name) || ' = ' || quote_literal(value); END$$;
    CREATE FUNCTION move_to_tokyo() RETURNS void LANGUAGE sql AS $$SELECT set_config('TimeZone', 'Asia/Tokyo', false)$$;
    CREATE FUNCTION only_one() RETURNS void LANGUAGE sql AS $$SELECT pg_advisory_lock(43)$$;
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN PERFORM become_tenant('8'); RETURN NEW; END$$;
    CREATE TRIGGER noted AFTER INSERT ON audited FOR EACH ROW EXECUTE FUNCTION note();
    CREATE VIEW of_tenant AS SELECT become_tenant('9') IS NULL AS known;
    CREATE PROCEDURE become(t text) LANGUAGE plpgsql AS $$BEGIN PERFORM set_config('app.tenant', t, false); END$$;
    GRANT ALL ON left_behind, audited, of_tenant TO steadfast; GRANT pg_monitor TO steadfast";

/// What leaked, and how many connections the cleaning has cost.
async fn run() -> (Vec<String>, usize) {
    let server = Postgres::start().await;
    server.psql(FUNCTIONS).await;
    let (database, _events) = open(&format!("{}?pool_size=1&pool_max_overflow=0", server.url()));
    let pool = pool(&database);
    let mut lease = pool.acquire().await.unwrap();
    let mut known = backend(&lease);
    let pristine = text(&mut lease, STATE).await;
    drop(lease);
    let (mut leaks, mut lost) = (Vec::new(), 0);
    for (what, statement) in LEFTOVERS {
        for prepared in [false, true] {
            let mut lease = pool.acquire().await.unwrap();
            if prepared {
                if statement.contains(';') && !statement.starts_with("DO") {
                    continue;
                }
                let done = steadfast::sql::SqlConnection::execute(&mut *lease, statement, &[]).await;
                assert!(done.is_ok(), "{what}: {done:?}");
            } else {
                let done = lease.client().batch_execute(statement).await;
                assert!(done.is_ok() || *what == "transaction failed", "{what}: {done:?}");
            }
            drop(lease);
            let mut next = pool.acquire().await.unwrap();
            let found = text(&mut next, STATE).await;
            if found != pristine {
                leaks.push(format!("{what} (prepared: {prepared}): {found}"));
                next.discard();
                known = backend(&pool.acquire().await.unwrap());
                continue;
            }
            lost += usize::from(backend(&next) != known);
            known = backend(&next);
        }
    }
    assert_eq!(server.psql("SELECT count(*) FROM left_behind").await, "0");
    (leaks, lost)
}

pub(crate) async fn measure() -> Row {
    let (leaks, lost) = run().await;
    Row {
        fault: "borrower leaves a transaction open, SETs, temp tables, LISTEN, an advisory lock, ..",
        bar: "the next borrower sees none of it",
        figures: vec![
            format!("{} of {} kinds of leftovers leak {leaks:?}", leaks.len(), LEFTOVERS.len()),
            format!("{lost} connections lost to cleaning"),
        ],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_borrower_leaves_reaches_the_next() {
    let (leaks, lost) = run().await;
    assert!(leaks.is_empty(), "{leaks:#?}");
    assert_eq!(lost, 0, "cleaning costs no connection");
}
