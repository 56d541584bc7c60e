//! Fear: a read that writes: it would be applied twice when it is repeated.

use steadfast::connector::Connector as _;
use steadfast::postgres::PostgresConnection;
use steadfast::sql::{SqlConnection as _, Value};
use steadfast_test::Postgres;

use super::support::{connect, is_ready, plain};

/// How reads are kept read-only, by the server's log: in a block, by one setting in front, or by the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) blocks: usize,
    pub(super) latches: usize,
    pub(super) stands: usize,
    pub(super) lifts: usize,
}

pub(super) async fn talkative() -> Postgres {
    Postgres::builder().setting("log_statement", "all").start().await
}

pub(super) fn seen(server: &Postgres) -> Seen {
    let log = server.log();
    let count = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    Seen {
        blocks: count("execute <unnamed>: BEGIN READ ONLY"),
        latches: count("execute sf_read_only: SET transaction_read_only = on"),
        stands: count("statement: SET default_transaction_read_only = on /* steadfast"),
        lifts: count("statement: RESET default_transaction_read_only /* steadfast */"),
    }
}

pub(super) async fn read(connection: &mut PostgresConnection, sql: &str) -> i64 {
    let rows = connection.read(sql, &[]).await.unwrap();
    match rows[0].values() {
        [Value::Int(value)] => *value,
        other => panic!("{other:?}"),
    }
}

/// A session in which reads do without a block.
async fn seasoned(connection: &mut PostgresConnection) {
    for _ in 0..3 {
        assert_eq!(read(connection, "SELECT 1::int8").await, 1);
    }
}

#[tokio::test]
async fn a_query_needs_no_block_once_the_server_has_shown_that_it_can_do_without() {
    let server = talkative().await;
    let (connector, mut connection) = connect(&server, |_| ()).await;
    let requests = connection.traffic().requests;
    seasoned(&mut connection).await;
    // The first had to be prepared, the second brought the proof.
    let Seen { blocks, latches, .. } = seen(&server);
    assert_eq!((blocks, latches), (2, 2));
    assert_eq!(connection.traffic().requests - requests, 5, "two, two in one packet, and one");
    assert!(is_ready(&connector.inspect(&connection)), "the setting is gone with the packet");
    assert_eq!(read(&mut connection, "SELECT 7::int8").await, 7);
    assert_eq!(seen(&server).blocks, 2, "one that is new needs none either");
    let settings =
        "SELECT count(*) FROM pg_settings WHERE name = 'transaction_read_only' AND setting = 'off'";
    assert_eq!(connection.query(settings, &[]).await.unwrap()[0].values(), [Value::Int(1)]);
}

#[tokio::test]
async fn each_run_of_a_query_is_kept_from_writing() {
    let (connector, mut connection) = plain().await;
    let table = "reads_written";
    connection
        .batch(&format!(
            "CREATE TABLE {table} (n int8);
             CREATE TABLE {table}_when (yes bool); INSERT INTO {table}_when VALUES (false);
             CREATE FUNCTION {table}_now() RETURNS int8 LANGUAGE plpgsql AS $$ BEGIN
                 IF (SELECT yes FROM {table}_when) THEN INSERT INTO {table} VALUES (1); END IF;
                 RETURN 5; END $$;"
        ))
        .await
        .unwrap();
    connector.clean(&mut connection).await.unwrap();
    let call = format!("SELECT {table}_now()");
    for _ in 0..5 {
        assert_eq!(read(&mut connection, &call).await, 5);
    }
    connection.execute(&format!("UPDATE {table}_when SET yes = true"), &[]).await.unwrap();
    let writes = [
        call.clone(),
        format!("WITH w AS (INSERT INTO {table} VALUES (2) RETURNING n) SELECT n FROM w"),
        format!("SELECT 3::int8 AS n INTO {table}_made"),
        format!("SELECT n FROM {table} FOR UPDATE"),
    ];
    for write in writes.iter().cycle().take(9) {
        let fault = connection.read(write, &[]).await.unwrap_err();
        assert_eq!(fault.code(), Some("25006"), "{write}: {fault}");
        assert!(is_ready(&connector.inspect(&connection)), "{write}");
    }
    let count = format!("SELECT count(*) FROM {table}");
    assert_eq!(read(&mut connection, &count).await, 0);
    assert_eq!(connection.query(&call, &[]).await.unwrap()[0].values(), [Value::Int(5)]);
    assert_eq!(read(&mut connection, &count).await, 1, "outside of a read it may write");
}

#[tokio::test]
async fn a_function_cannot_lift_it_and_a_procedure_cannot_step_out_of_it() {
    let (connector, mut connection) = plain().await;
    let table = "reads_lifted";
    connection
        .batch(&format!(
            "CREATE TABLE {table} (n int8);
             CREATE FUNCTION {table}_off() RETURNS int8 LANGUAGE plpgsql AS $$ BEGIN
                 SET LOCAL transaction_read_only = off; INSERT INTO {table} VALUES (1); RETURN 5; END $$;
             CREATE PROCEDURE {table}_out(INOUT n int8) LANGUAGE plpgsql AS $$ BEGIN
                 COMMIT; INSERT INTO {table} VALUES (2); END $$;"
        ))
        .await
        .unwrap();
    connector.clean(&mut connection).await.unwrap();
    seasoned(&mut connection).await;
    for _ in 0..3 {
        let off = connection.read(&format!("SELECT {table}_off()"), &[]).await.unwrap_err();
        assert_eq!(off.code(), Some("25001"), "{off}");
        for call in ["CALL", "-- x\rCALL", "/* /* */ select */ call"] {
            let call = format!("{call} {table}_out(1) /*\nSELECT 1 */");
            let out = connection.read(&call, &[]).await.unwrap_err();
            assert_eq!(out.code(), Some("2D000"), "{call}: {out}");
        }
        assert!(is_ready(&connector.inspect(&connection)));
    }
    assert_eq!(read(&mut connection, &format!("SELECT count(*) FROM {table}")).await, 0);
}

#[tokio::test]
async fn a_failure_leaves_nothing_to_roll_back() {
    let (connector, mut connection) = plain().await;
    seasoned(&mut connection).await;
    let failing = "SELECT 1 / (n - n) FROM generate_series(1, 2) n";
    for expected in [2, 1] {
        let requests = connection.traffic().requests;
        let fault = connection.read(failing, &[]).await.unwrap_err();
        assert_eq!(fault.code(), Some("22012"), "{fault}");
        assert_eq!(connection.traffic().requests - requests, expected, "to prepare it, and to run it");
        assert!(is_ready(&connector.inspect(&connection)));
    }
    seasoned(&mut connection).await;
}

#[tokio::test]
async fn what_is_forgotten_on_the_server_is_shown_anew() {
    let server = talkative().await;
    let (_, mut connection) = connect(&server, |_| ()).await;
    connection.batch("CREATE TABLE written (n int8)").await.unwrap();
    let write = "WITH w AS (INSERT INTO written VALUES (2) RETURNING n) SELECT n FROM w";
    for (round, forget) in ["DISCARD ALL", "DEALLOCATE ALL", "DEALLOCATE sf_read_only"].iter().enumerate() {
        seasoned(&mut connection).await;
        let before = seen(&server);
        connection.batch(forget).await.unwrap();
        assert_eq!(connection.read(write, &[]).await.unwrap_err().code(), Some("25006"), "{forget}");
        seasoned(&mut connection).await;
        let after = seen(&server);
        assert!(after.blocks > before.blocks && after.latches > before.latches, "round {round}");
    }
    assert!(!server.log().contains("sf_read_only\" does not exist"), "nothing is tried that cannot work");
    assert_eq!(read(&mut connection, "SELECT count(*) FROM written").await, 0);
}

#[tokio::test]
async fn without_prepared_statements_and_for_what_is_no_query_there_is_a_block() {
    let server = talkative().await;
    let (_, mut connection) = connect(&server, |options| options.statement_cache = 0).await;
    seasoned(&mut connection).await;
    let Seen { blocks, latches, .. } = seen(&server);
    assert_eq!((blocks, latches), (3, 0), "a pooler may forget what was prepared");
    let (_, mut connection) = connect(&server, |_| ()).await;
    seasoned(&mut connection).await;
    let before = seen(&server);
    for _ in 0..3 {
        connection.read("SHOW server_version", &[]).await.unwrap();
    }
    let after = seen(&server);
    assert_eq!((after.blocks - before.blocks, after.latches - before.latches), (3, 0));
}

#[tokio::test]
async fn settings_of_others_are_still_seen_beside_it() {
    let (connector, mut connection) = plain().await;
    seasoned(&mut connection).await;
    connection.client().batch_execute("SET search_path = pg_catalog").await.unwrap();
    assert!(!is_ready(&connector.inspect(&connection)));
    connector.clean(&mut connection).await.unwrap();
    seasoned(&mut connection).await;
    assert!(is_ready(&connector.inspect(&connection)));
    connection.execute("SET search_path = pg_catalog", &[]).await.unwrap();
    assert!(!is_ready(&connector.inspect(&connection)), "and what is done by ourselves");
    let read = connection.read("SHOW search_path", &[]).await.unwrap();
    assert_eq!(read[0].values(), [Value::Text("pg_catalog".into())]);
}
