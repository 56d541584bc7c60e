//! Fear: a session that is read-only for its reads' sake, and stays so for others.

use std::future::poll_fn;
use std::task::Poll;

use steadfast::connector::{Alarm, Connector as _};
use steadfast::postgres::PostgresConnection;
use steadfast::sql::{SqlConnection as _, TransactionOptions, Value};
use steadfast_test::{PgBouncer, Postgres, Relay, eventually};

use super::reads::{Seen, read, seen, talkative};
use super::support::{SOON, connect, connector, is_dirty, is_ready, options, plain};

/// As many reads in a row make the session read-only.
const STREAK: usize = 16;

/// A session that is read-only for its reads' sake.
async fn standing(connection: &mut PostgresConnection) {
    for _ in 0..STREAK + 3 {
        assert_eq!(read(connection, "SELECT 1::int8").await, 1);
    }
}

/// What a new transaction of the session may do, asked without disturbing it.
async fn is_read_only(connection: &mut PostgresConnection) -> bool {
    let sql = "SELECT (current_setting('default_transaction_read_only') = 'on')::int::int8";
    read(connection, sql).await == 1
}

#[tokio::test]
async fn after_some_reads_in_a_row_nothing_is_sent_but_the_read() {
    let server = talkative().await;
    let (connector, mut connection) = connect(&server, |_| ()).await;
    standing(&mut connection).await;
    let before = seen(&server);
    assert_eq!((before.stands, before.lifts), (1, 0));
    let (requests, sent) = (connection.traffic().requests, connection.traffic().bytes_out);
    for _ in 0..2 * STREAK {
        assert_eq!(read(&mut connection, "SELECT 1::int8").await, 1);
    }
    assert_eq!(seen(&server), before);
    assert_eq!(connection.traffic().requests - requests, 2 * STREAK as u64);
    assert!(connection.traffic().bytes_out - sent < 2 * STREAK as u64 * 40, "Bind, Execute, Sync");
    assert!(is_ready(&connector.inspect(&connection)), "nothing of it is to be cleaned");
    connector.ping(&mut connection).await.unwrap();
    assert!(is_read_only(&mut connection).await);
    assert_eq!(seen(&server), before, "nor by a ping");
}

#[tokio::test]
async fn each_run_of_a_query_is_kept_from_writing_by_the_session() {
    let (connector, mut connection) = plain().await;
    connection
        .batch(
            "CREATE TABLE standing_written (n int8);
             CREATE TABLE standing_when (yes bool); INSERT INTO standing_when VALUES (false);
             CREATE FUNCTION standing_now() RETURNS int8 LANGUAGE plpgsql AS $$ BEGIN
                 IF (SELECT yes FROM standing_when) THEN INSERT INTO standing_written VALUES (1); END IF;
                 RETURN 5; END $$;
             CREATE FUNCTION standing_off() RETURNS int8 LANGUAGE plpgsql AS $$ BEGIN
                 SET LOCAL transaction_read_only = off; INSERT INTO standing_written VALUES (3); RETURN 5; END $$;",
        )
        .await
        .unwrap();
    connector.clean(&mut connection).await.unwrap();
    standing(&mut connection).await;
    assert_eq!(read(&mut connection, "SELECT standing_now()").await, 5);
    let (_, mut other) = plain().await;
    other.execute("UPDATE standing_when SET yes = true", &[]).await.unwrap();
    let writes = [
        ("SELECT standing_now()", "25006"),
        ("WITH w AS (INSERT INTO standing_written VALUES (2) RETURNING n) SELECT n FROM w", "25006"),
        ("SELECT 3::int8 AS n INTO standing_made", "25006"),
        ("SELECT n FROM standing_written FOR UPDATE", "25006"),
        ("SELECT standing_off()", "25001"),
    ];
    for (write, code) in writes.iter().cycle().take(11) {
        let fault = connection.read(write, &[]).await.unwrap_err();
        assert_eq!(fault.code(), Some(*code), "{write}: {fault}");
        assert!(is_ready(&connector.inspect(&connection)), "{write}: our doing, not the server's");
    }
    assert!(is_read_only(&mut connection).await);
    let heard = connection.traffic().bytes_in;
    polled(1, connection.read("SELECT standing_now()", &[])).await;
    eventually("it is refused, and nobody listens", SOON, async || connection.traffic().bytes_in > heard)
        .await;
    assert!(is_dirty(&connector.inspect(&connection)), "as any that was dropped, and not lost");
    connector.clean(&mut connection).await.unwrap();
    assert_eq!(read(&mut connection, "SELECT count(*) FROM standing_written").await, 0);
    assert_eq!(connection.query("SELECT standing_now()", &[]).await.unwrap()[0].values(), [Value::Int(5)]);
    assert_eq!(read(&mut connection, "SELECT count(*) FROM standing_written").await, 1);
}

#[tokio::test]
async fn whatever_is_no_read_finds_a_session_that_writes() {
    let server = talkative().await;
    let (connector, mut connection) = connect(&server, |_| ()).await;
    connection.batch("CREATE TABLE written (n int8); CREATE TABLE twice (n int8 UNIQUE)").await.unwrap();
    let insert = "INSERT INTO written VALUES (1)";
    for way in 0..8_i64 {
        standing(&mut connection).await;
        assert!(is_read_only(&mut connection).await);
        match way {
            0 => drop(connection.execute(insert, &[]).await.unwrap()),
            1 => drop(connection.query("INSERT INTO written VALUES (1) RETURNING n", &[]).await.unwrap()),
            2 => connection.batch("SELECT 1; INSERT INTO written VALUES (1)").await.unwrap(),
            3 => {
                connection.begin(TransactionOptions::default()).await.unwrap();
                connection.execute(insert, &[]).await.unwrap();
                connection.commit().await.unwrap();
            }
            4 => {
                connection.begin(TransactionOptions::default()).await.unwrap();
                connection.batch(insert).await.unwrap();
                connection.commit().await.unwrap();
            }
            5 => drop(connection.client().execute(insert, &[]).await.unwrap()),
            6 => {
                // Both at once: what the client was told is still under way.
                let _client = connection.client();
                connection.execute(insert, &[]).await.unwrap();
            }
            7 => {
                let _client = connection.client();
                let write = "WITH w AS (INSERT INTO written VALUES (2) RETURNING n) SELECT n FROM w";
                assert_eq!(connection.read(write, &[]).await.unwrap_err().code(), Some("25006"));
                connection.execute(insert, &[]).await.unwrap();
            }
            _ => unreachable!(),
        }
        if way >= 5 {
            connector.clean(&mut connection).await.unwrap();
        }
        assert!(is_ready(&connector.inspect(&connection)), "{way}");
        assert!(!is_read_only(&mut connection).await, "{way}");
        assert_eq!(read(&mut connection, "SELECT count(*) FROM written").await, way + 1);
    }
    let Seen { stands, lifts, .. } = seen(&server);
    assert_eq!(stands, 8);
    assert!(lifts >= stands, "{lifts}");
}

/// Polls a future so many times, each time that something has happened, and drops it.
async fn polled<T>(polls: usize, future: impl Future<Output = T>) {
    let (mut future, mut left) = (std::pin::pin!(future), polls);
    poll_fn(|cx| {
        let is_done = left == 0 || future.as_mut().poll(cx).is_ready();
        left = left.saturating_sub(1);
        if is_done || left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[tokio::test]
async fn whatever_is_dropped_half_way_a_read_does_not_write_and_a_write_does() {
    let (connector, mut connection) = plain().await;
    connection.batch("CREATE TABLE reads_dropped (n int8)").await.unwrap();
    let write = "INSERT INTO reads_dropped VALUES (1)";
    let sneaky = "WITH w AS (INSERT INTO reads_dropped VALUES (2) RETURNING n) SELECT n FROM w";
    for round in 0..12 {
        standing(&mut connection).await;
        // What is no query is read in a block, which is open between two packets when it is new.
        let block = format!("SHOW server_version /* {round} */");
        polled(round / 2, connection.read(&block, &[])).await;
        if round % 2 == 0 {
            connector.clean(&mut connection).await.unwrap();
            assert!(
                is_read_only(&mut connection).await,
                "{round}: within the block there was nothing to be lifted"
            );
        }
        polled(round / 2, connection.execute(write, &[])).await;
        if round % 2 == 1 {
            connector.clean(&mut connection).await.unwrap();
        }
        assert_eq!(connection.read(sneaky, &[]).await.unwrap_err().code(), Some("25006"), "{round}");
        connection.execute(write, &[]).await.unwrap();
        connector.clean(&mut connection).await.unwrap();
    }
    assert_eq!(read(&mut connection, "SELECT count(*) FROM reads_dropped WHERE n = 2").await, 0);
}

/// The server is asked about a type between the preparing of a statement and its run, which is no read of the caller's.
#[tokio::test]
async fn a_read_of_types_of_the_databases_own_is_kept_from_writing_as_well() {
    let (_, mut author) = plain().await;
    author
        .batch("CREATE TABLE standing_typed (n int8); CREATE TYPE standing_mood AS ENUM ('sad')")
        .await
        .unwrap();
    let (_, mut connection) = plain().await;
    standing(&mut connection).await;
    let write =
        "WITH w AS (INSERT INTO standing_typed VALUES (2) RETURNING n) SELECT n, 'sad'::standing_mood FROM w";
    for round in 0..2 {
        let refused = connection.read(write, &[]).await.unwrap_err();
        assert_eq!(refused.code(), Some("25006"), "{round}: {refused}");
        standing(&mut connection).await;
    }
    assert_eq!(read(&mut connection, "SELECT count(*) FROM standing_typed").await, 0);
}

#[tokio::test]
async fn a_function_that_lifts_it_is_found_out_before_the_next_read() {
    let (_, mut author) = plain().await;
    let table = "reads_undone";
    author
        .batch(&format!(
            "CREATE TABLE {table} (n int8);
             CREATE FUNCTION {table}_off() RETURNS int8 LANGUAGE plpgsql AS $$ BEGIN
                 EXECUTE 'SET default_' || 'transaction_read_only = off'; RETURN 5; END $$;"
        ))
        .await
        .unwrap();
    let (_, mut connection) = plain().await;
    standing(&mut connection).await;
    assert!(is_read_only(&mut connection).await);
    assert_eq!(read(&mut connection, &format!("SELECT {table}_off()")).await, 5);
    assert!(!is_read_only(&mut connection).await);
    let write = format!("WITH w AS (INSERT INTO {table} VALUES (2) RETURNING n) SELECT n FROM w");
    for _ in 0..STREAK + 3 {
        assert_eq!(connection.read(&write, &[]).await.unwrap_err().code(), Some("25006"));
    }
    assert_eq!(read(&mut connection, &format!("SELECT count(*) FROM {table}")).await, 0);
}

#[tokio::test]
async fn a_session_that_is_not_as_the_server_made_it_is_left_as_it_is() {
    let server = talkative().await;
    let (_, mut connection) = connect(&server, |options| {
        options.options = Some("-c default_transaction_read_only=on".to_owned());
    })
    .await;
    standing(&mut connection).await;
    let (_, mut connection) = connect(&server, |_| ()).await;
    connection.execute("SET search_path = pg_catalog", &[]).await.unwrap();
    standing(&mut connection).await;
    let (_, mut connection) = connect(&server, |_| ()).await;
    let _client = connection.client();
    standing(&mut connection).await;
    assert_eq!(seen(&server).stands, 0);
}

/// One connection of the server's for all clients of the pooler, so that even what is prepared is found again.
#[tokio::test]
async fn behind_a_pooler_nothing_is_left_for_others() {
    let server = talkative().await;
    let pooler = PgBouncer::before(&server, "default_pool_size = 1").await;
    let port = pooler.url().rsplit(':').next().and_then(|end| end.split('/').next()?.parse().ok()).unwrap();
    let (_, mut connection) = connect(&server, |options| {
        options.hosts = vec![("127.0.0.1".to_owned(), port)];
        (options.user, options.database) = ("steadfast".to_owned(), "steadfast".to_owned());
    })
    .await;
    standing(&mut connection).await;
    standing(&mut connection).await;
    let Seen { latches, stands, .. } = seen(&server);
    assert!(latches > STREAK && stands == 0, "{latches} {stands}");
}

#[tokio::test]
async fn a_session_that_only_reads_is_not_taken_for_one_of_a_server_that_refuses_writes() {
    let (old, new) = tokio::join!(Postgres::start(), Postgres::start());
    let relay = Relay::to(old.addr()).await;
    let mut options = options(&old);
    options.hosts = vec![("127.0.0.1".to_owned(), relay.addr().port())];
    let connector = connector(options);
    let mut before = connector.connect(Alarm::silent()).await.unwrap();
    relay.redirect_to(new.addr());
    let mut behind = connector.connect(Alarm::silent()).await.unwrap();
    standing(&mut behind).await;
    old.set("default_transaction_read_only", "on").await;
    let refused = async || before.execute("CREATE TABLE t (n int)", &[]).await.is_err();
    eventually("the old one refuses", SOON, refused).await;
    connector.ping(&mut before).await.unwrap_err();
    connector.ping(&mut behind).await.unwrap();
    behind.execute("CREATE TABLE t (n int)", &[]).await.unwrap();
}
