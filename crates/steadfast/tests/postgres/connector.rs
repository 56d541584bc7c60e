//! The PostgreSQL connector against a real server.

use std::sync::Arc;
use std::time::Duration;

use super::support::{self, SOON, connect, connector, is_dirty, is_ready};
use steadfast::connector::{Alarm, Condition, Connector as _};
use steadfast::params;
use steadfast::postgres::PostgresConnection;
use steadfast::sql::{Access, SqlConnection as _, TransactionOptions, Value};
use steadfast::verdict::{Class, Step, Verdict};
use steadfast_test::{Postgres, eventually};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

/// One server for the whole binary.
static SERVER: OnceCell<Postgres> = OnceCell::const_new();

async fn server() -> &'static Postgres {
    SERVER.get_or_init(Postgres::start).await
}

fn read_only() -> TransactionOptions {
    let mut options = TransactionOptions::default();
    options.access = Access::ReadOnly;
    options
}

async fn plain() -> (steadfast::postgres::PostgresConnector, PostgresConnection) {
    connect(server().await, |_| ()).await
}

/// Polls a future once and drops it.
async fn poll_once<T>(future: impl Future<Output = T>) {
    let mut future = Box::pin(future);
    std::future::poll_fn(|cx| {
        drop(future.as_mut().poll(cx));
        std::task::Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn values_of_every_kind_go_there_and_back() {
    let (_, mut connection) = plain().await;
    let moment: jiff::Timestamp = "2024-02-29T12:34:56.123456Z".parse().unwrap();
    let id = uuid::Uuid::from_u128(7);
    for cached in [true, false] {
        if !cached {
            connection = connect(server().await, |options| options.statement_cache = 0).await.1;
        }
        let rows = connection
            .query(
                "SELECT $1::bool AS a, $2::int2 AS b, $3::int8 AS c, $4::float8 AS d, $5::text AS e, $6::bytea AS f, \
                 $7::timestamptz AS g, $8::uuid AS h, $9::numeric AS i, $10::jsonb AS j, $11::date AS k, \
                 $12::int4 AS l, $13::timestamp AS m, $14::json AS n, 'x'::name AS o, '01:02:03'::time AS p",
                &params![
                    true, 7_i64, i64::MIN, 0.1, "ä€", vec![0_u8, 255], moment, id, "-12345678901234567890.0050",
                    r#"{"a": 1}"#, "2024-02-29", None::<i64>, moment, "[1]"
                ],
            )
            .await
            .unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(
            rows[0].values(),
            [
                Value::Bool(true),
                Value::Int(7),
                Value::Int(i64::MIN),
                Value::Float(0.1),
                text("ä€"),
                Value::Bytes(vec![0, 255]),
                Value::Timestamp(moment),
                Value::Uuid(id),
                text("-12345678901234567890.0050"),
                text(r#"{"a": 1}"#),
                text("2024-02-29"),
                Value::Null,
                Value::Timestamp(moment),
                text("[1]"),
                text("x"),
                text("01:02:03"),
            ]
        );
        assert_eq!(connection.query("SELECT 1 WHERE false", &[]).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_wrong_statement_parameter_or_column_leaves_the_connection_usable() {
    for cache in [128, 0] {
        let (connector, mut connection) =
            connect(server().await, |options| options.statement_cache = cache).await;
        connection.batch("CREATE TABLE IF NOT EXISTS narrow (a int2)").await.unwrap();
        for (sql, params) in [
            ("SELEKT 1", vec![]),
            ("SELECT * FROM no_such_table", vec![]),
            ("SELECT 1/0", vec![]),
            ("SELECT $1::int2", vec![Value::Int(70_000)]),
            ("SELECT $1::text", vec![]),
            ("SELECT $1::text", vec![Value::Text("a\0b".into())]),
            ("SELECT $1::int4", vec![Value::Text("seven".into())]),
            ("SELECT polygon '((0,0),(1,1))' AS area", vec![]),
        ] {
            let fault = connection.query(sql, &params).await.unwrap_err();
            assert_eq!(fault.class(), Class::Statement, "{sql}: {fault}");
            assert_eq!(fault.verdict(), Verdict::GiveUp, "{sql}: {fault}");
            assert!(fault.remedy().is_some(), "{sql}: {fault}");
            assert!(is_ready(&connector.inspect(&connection)), "{sql}");
        }
        let fault = connection.query("SELECT polygon '((0,0),(1,1))' AS area", &[]).await.unwrap_err();
        assert!(
            fault.summary().contains("area") && fault.remedy().unwrap().contains("area::text"),
            "{fault}"
        );
        assert_eq!(connection.query("SELECT 1 AS one", &[]).await.unwrap()[0].get::<i64>("one").unwrap(), 1);
    }
}

#[tokio::test]
async fn a_violated_constraint_is_named() {
    let (_, mut connection) = plain().await;
    connection
        .batch("CREATE TABLE constrained (a int CONSTRAINT one_of_each UNIQUE, b int NOT NULL)")
        .await
        .unwrap();
    assert_eq!(connection.execute("INSERT INTO constrained VALUES (1, 1), (2, 2)", &[]).await.unwrap(), 2);
    let fault = connection.execute("INSERT INTO constrained VALUES (1, 1)", &[]).await.unwrap_err();
    assert_eq!(
        (fault.class(), fault.code(), fault.constraint()),
        (Class::Statement, Some("23505"), Some("one_of_each"))
    );
    let fault = connection.execute("INSERT INTO constrained VALUES (3, NULL)", &[]).await.unwrap_err();
    assert_eq!((fault.code(), fault.constraint()), (Some("23502"), Some("b")));
}

#[tokio::test]
async fn begin_costs_no_round_trip_and_a_read_costs_one() {
    let (connector, mut connection) = plain().await;
    let count =
        async |connection: &mut PostgresConnection, before: u64| connection.traffic().requests - before;
    connection.query("SELECT 1", &[]).await.unwrap();
    let before = connection.traffic().requests;
    connection.begin(TransactionOptions::default()).await.unwrap();
    assert_eq!(count(&mut connection, before).await, 0, "nothing is sent before the first statement");
    assert!(is_dirty(&connector.inspect(&connection)), "but the next borrower must not find it");
    connection.commit().await.unwrap();
    assert_eq!(count(&mut connection, before).await, 0, "nothing was done, nothing is committed");
    assert!(is_ready(&connector.inspect(&connection)));
    connection.read("SELECT 1", &[]).await.unwrap();
    assert_eq!(count(&mut connection, before).await, 3, "BEGIN, the statement, COMMIT");
    assert!(is_ready(&connector.inspect(&connection)));
}

#[tokio::test]
async fn a_read_is_kept_read_only_by_the_server_and_leaves_nothing_open() {
    for cache in [128, 0] {
        let (connector, mut connection) =
            connect(server().await, |options| options.statement_cache = cache).await;
        connection.batch("CREATE TABLE IF NOT EXISTS read_only_test (a int)").await.unwrap();
        for _ in 0..2 {
            let fault =
                connection.read("INSERT INTO read_only_test VALUES (1) RETURNING a", &[]).await.unwrap_err();
            assert_eq!(
                (fault.class(), fault.code()),
                (Class::Statement, Some("25006")),
                "not a demoted server: {fault}"
            );
            assert!(is_ready(&connector.inspect(&connection)));
        }
        let rows = connection.read("SELECT count(*) AS n FROM read_only_test", &[]).await.unwrap();
        assert_eq!(rows[0].get::<i64>("n").unwrap(), 0);
        assert_eq!(connection.read("SELEKT", &[]).await.unwrap_err().class(), Class::Statement);
        assert!(is_ready(&connector.inspect(&connection)));
    }
}

#[tokio::test]
async fn a_commit_answered_by_a_rollback_is_an_error() {
    let (connector, mut connection) = plain().await;
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.query("SELECT 1", &[]).await.unwrap();
    connection.query("SELECT 1/0", &[]).await.unwrap_err();
    let fault = connection.query("SELECT 1", &[]).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::RolledBack, Some("25P02")));
    let fault = connection.commit().await.unwrap_err();
    assert_eq!(
        (fault.class(), fault.step(), fault.verdict()),
        (Class::RolledBack, Step::Commit, Verdict::GiveUp)
    );
    assert!(is_ready(&connector.inspect(&connection)), "and the transaction is over");
}

#[tokio::test]
async fn the_tag_tells_when_the_failure_was_not_known_yet() {
    let (connector, mut connection) = plain().await;
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.query("SELECT 1", &[]).await.unwrap();
    // Queued ahead of COMMIT, and not answered when COMMIT is sent.
    poll_once(connection.client().batch_execute("SELECT 1/0")).await;
    let fault = connection.commit().await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::RolledBack, Some("22012")), "{fault}");
    assert!(is_ready(&connector.inspect(&connection)));
}

#[tokio::test]
async fn a_deferred_constraint_fails_the_commit_and_nothing_is_stored() {
    let (connector, mut connection) = plain().await;
    connection
        .batch("CREATE TABLE deferred (a int CONSTRAINT unique_later UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        .await
        .unwrap();
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.execute("INSERT INTO deferred VALUES (1), (1)", &[]).await.unwrap();
    let fault = connection.commit().await.unwrap_err();
    assert_eq!((fault.code(), fault.verdict()), (Some("23505"), Verdict::GiveUp), "{fault}");
    assert_eq!(fault.constraint(), Some("unique_later"));
    assert!(is_ready(&connector.inspect(&connection)));
    assert_eq!(connection.query("SELECT 1 FROM deferred", &[]).await.unwrap(), []);
}

#[tokio::test]
async fn transactions_commit_and_roll_back() {
    let (connector, mut connection) = plain().await;
    connection.batch("CREATE TABLE kept (a int)").await.unwrap();
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.execute("INSERT INTO kept VALUES ($1)", &params![1_i64]).await.unwrap();
    connection.commit().await.unwrap();
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.execute("INSERT INTO kept VALUES ($1)", &params![2_i64]).await.unwrap();
    connection.rollback().await.unwrap();
    assert!(is_ready(&connector.inspect(&connection)));
    assert_eq!(connection.query("SELECT a FROM kept", &[]).await.unwrap().len(), 1);
    connection.begin(read_only()).await.unwrap();
    let fault = connection.execute("INSERT INTO kept VALUES (3)", &[]).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Statement, Some("25006")));
    connection.rollback().await.unwrap();
    assert!(is_ready(&connector.inspect(&connection)));
    connection.commit().await.unwrap();
}

#[tokio::test]
async fn the_servers_last_words_are_heard_without_asking() {
    let alarm = Arc::new(tokio::sync::Notify::new());
    let ring = Arc::clone(&alarm);
    let connector = connector(support::options(server().await));
    let connection = connector.connect(Alarm::new(move || ring.notify_one())).await.unwrap();
    let (_, mut killer) = plain().await;
    let process = i64::from(connection.server().process);
    killer.query("SELECT pg_terminate_backend($1::int4)", &params![process]).await.unwrap();
    timeout(Duration::from_secs(5), alarm.notified()).await.expect("the alarm rings");
    let Condition::Lost(fault) = connector.inspect(&connection) else { panic!("it is lost") };
    assert_eq!((fault.class(), fault.code()), (Class::ConnectionLost, Some("57P01")));
    assert!(fault.last_words().unwrap().contains("administrator command"), "{fault}");
    assert_eq!(fault.verdict(), Verdict::RetryElsewhere);
}

#[tokio::test]
async fn a_connection_killed_under_a_statement_says_why_and_what_is_known() {
    let (_, mut connection) = plain().await;
    let (_, mut killer) = plain().await;
    let process = i64::from(connection.server().process);
    for in_transaction in [true, false] {
        if in_transaction {
            connection.begin(TransactionOptions::default()).await.unwrap();
        } else {
            connection = plain().await.1;
        }
        let process = if in_transaction { process } else { i64::from(connection.server().process) };
        let kill = async {
            eventually("it sleeps", SOON, async || {
                let rows = killer
                    .query(
                        "SELECT 1 FROM pg_stat_activity WHERE pid = $1::int4 AND wait_event = 'PgSleep'",
                        &params![process],
                    )
                    .await;
                !rows.unwrap().is_empty()
            })
            .await;
            killer.query("SELECT pg_terminate_backend($1::int4)", &params![process]).await.unwrap();
        };
        let (outcome, ()) =
            futures_util::future::join(connection.query("SELECT pg_sleep(30)", &[]), kill).await;
        let fault = outcome.unwrap_err();
        assert_eq!((fault.class(), fault.code()), (Class::ConnectionLost, Some("57P01")), "{fault}");
        let expected = if in_transaction { Verdict::RetryElsewhere } else { Verdict::OutcomeUnknown };
        assert_eq!(fault.verdict(), expected, "{fault}");
        eventually("it is over", SOON, async || connection.query("SELECT 1", &[]).await.is_err()).await;
        if in_transaction {
            let fault = connection.commit().await.unwrap_err();
            assert_eq!(fault.verdict(), Verdict::RetryElsewhere, "COMMIT was never sent: {fault}");
            assert_eq!(fault.code(), Some("57P01"));
        }
    }
}

#[tokio::test]
async fn a_busy_connection_is_clean_50_ms_after_its_caller_left() {
    let (connector, mut connection) = plain().await;
    let mut best = Duration::MAX;
    // The machine may be busy with other tests: the rule is about us, so the best of a few counts.
    for _ in 0..5 {
        assert!(
            timeout(Duration::from_millis(50), connection.query("SELECT pg_sleep(3)", &[])).await.is_err()
        );
        assert!(is_dirty(&connector.inspect(&connection)));
        let began = Instant::now();
        connector.clean(&mut connection).await.unwrap();
        best = best.min(began.elapsed());
        assert!(is_ready(&connector.inspect(&connection)));
    }
    assert!(best < Duration::from_millis(50), "took {best:?}");
    connection.query("SELECT 1", &[]).await.unwrap();
}

#[tokio::test]
async fn a_future_dropped_after_its_first_poll_leaves_nothing_to_the_next_borrower() {
    let (connector, mut connection) = plain().await;
    connection.batch("CREATE TABLE dropped (a int)").await.unwrap();
    for round in 0..20 {
        connection.begin(TransactionOptions::default()).await.unwrap();
        poll_once(connection.execute("INSERT INTO dropped VALUES (1)", &[])).await;
        assert!(is_dirty(&connector.inspect(&connection)), "round {round}: queued, and nothing sent yet");
        connector.clean(&mut connection).await.unwrap();
        assert!(is_ready(&connector.inspect(&connection)));
        // The same through the driver's own client.
        poll_once(connection.client().batch_execute("BEGIN; INSERT INTO dropped VALUES (2)")).await;
        assert!(is_dirty(&connector.inspect(&connection)), "round {round}: of the driver's client");
        connector.clean(&mut connection).await.unwrap();
        assert!(is_ready(&connector.inspect(&connection)));
    }
    assert_eq!(connection.query("SELECT a FROM dropped", &[]).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_future_is_noticed_while_the_driver_runs_beside_us() {
    let (connector, mut connection) = plain().await;
    connection.batch("CREATE TABLE dropped_beside (a int)").await.unwrap();
    for _ in 0..200 {
        poll_once(connection.client().batch_execute("BEGIN; INSERT INTO dropped_beside VALUES (1)")).await;
        assert!(is_dirty(&connector.inspect(&connection)), "queued, being sent, running or in a transaction");
        connector.clean(&mut connection).await.unwrap();
        assert!(is_ready(&connector.inspect(&connection)));
    }
    assert_eq!(connection.query("SELECT a FROM dropped_beside", &[]).await.unwrap(), []);
}

#[tokio::test]
async fn the_servers_time_limits_are_told_apart() {
    for (limit, code) in [("idle_session_timeout", "57P05"), ("idle_in_transaction_session_timeout", "25P03")]
    {
        let (connector, mut connection) = plain().await;
        connection.batch(&format!("SET {limit} = 20")).await.unwrap();
        if code == "25P03" {
            connection.begin(TransactionOptions::default()).await.unwrap();
            connection.query("SELECT 1", &[]).await.unwrap();
        }
        eventually("the server hangs up", SOON, async || {
            matches!(connector.inspect(&connection), Condition::Lost(_))
        })
        .await;
        let Condition::Lost(fault) = connector.inspect(&connection) else { panic!("it is lost") };
        assert_eq!((fault.class(), fault.code()), (Class::ConnectionLost, Some(code)), "{fault}");
        assert!(fault.last_words().is_some() && fault.remedy().is_some(), "{fault}");
    }
}

#[tokio::test]
async fn a_full_server_is_a_matter_of_capacity() {
    let (_, mut connection) = plain().await;
    connection
        .batch("DROP ROLE IF EXISTS single; CREATE ROLE single LOGIN CONNECTION LIMIT 1")
        .await
        .unwrap();
    let single = |options: &mut steadfast::config::PostgresOptions| options.user = "single".into();
    let (connector, _held) = connect(server().await, single).await;
    let fault = connector.connect(Alarm::silent()).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Capacity, Some("53300")), "{fault}");
    assert_eq!(fault.verdict(), Verdict::RetryLater);
}

#[tokio::test]
async fn an_abandoned_connection_stays_open_and_says_nothing() {
    let (connector, connection) = plain().await;
    let (_, mut watcher) = plain().await;
    let process = i64::from(connection.server().process);
    connector.abandon(connection);
    for _ in 0..5 {
        // Each round trip gives the abandoned driver a chance to say something.
        let rows =
            watcher.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1::int4", &params![process]).await;
        assert_eq!(rows.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_is_just_dropped_leaves_no_backend_behind() {
    let (_, connection) = plain().await;
    let (_, mut watcher) = plain().await;
    let process = i64::from(connection.server().process);
    drop(connection);
    eventually("the backend is gone", SOON, async || {
        let rows =
            watcher.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1::int4", &params![process]).await;
        rows.unwrap().is_empty()
    })
    .await;
}

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
async fn a_statement_prepared_before_a_schema_change_is_prepared_anew() {
    let (connector, mut connection) = plain().await;
    let (_, mut other) = plain().await;
    connection.batch("CREATE TABLE changing (a int)").await.unwrap();
    for (round, ty) in ["text", "int8", "float8"].iter().enumerate() {
        connection.query("SELECT * FROM changing", &[]).await.unwrap();
        other
            .batch(&format!("ALTER TABLE changing DROP COLUMN a; ALTER TABLE changing ADD COLUMN a {ty}"))
            .await
            .unwrap();
        match round {
            0 => drop(connection.query("SELECT * FROM changing", &[]).await.unwrap()),
            1 => drop(connection.read("SELECT * FROM changing", &[]).await.unwrap()),
            _ => {
                connection.begin(TransactionOptions::default()).await.unwrap();
                connection.query("SELECT * FROM changing", &[]).await.unwrap();
                connection.commit().await.unwrap();
            }
        }
        assert!(is_ready(&connector.inspect(&connection)), "round {round}");
    }
    // Behind another statement of the same transaction it is the transaction that must be run again.
    connection.begin(TransactionOptions::default()).await.unwrap();
    connection.query("SELECT 1", &[]).await.unwrap();
    other.batch("ALTER TABLE changing ADD COLUMN b int").await.unwrap();
    let fault = connection.query("SELECT * FROM changing", &[]).await.unwrap_err();
    assert_eq!((fault.class(), fault.verdict()), (Class::Conflict, Verdict::RetryLater), "{fault}");
    connection.rollback().await.unwrap();
    connection.query("SELECT * FROM changing", &[]).await.unwrap();
    connection.batch("DISCARD ALL").await.unwrap();
    connection.query("SELECT * FROM changing", &[]).await.unwrap();
}

#[tokio::test]
async fn the_statement_cache_stays_within_its_bound_on_the_server_too() {
    let (connector, mut connection) = connect(server().await, |options| options.statement_cache = 4).await;
    for number in 0..20 {
        connection.query(&format!("SELECT {number}"), &[]).await.unwrap();
        assert!(is_ready(&connector.inspect(&connection)), "closing one leaves nothing in flight");
    }
    let rows = connection.query("SELECT count(*) AS n FROM pg_prepared_statements", &[]).await.unwrap();
    assert!(rows[0].get::<i64>("n").unwrap() <= 4 + 1, "and the question of the outcome guard");
}

#[tokio::test]
async fn copy_in_and_out_through_the_client_are_followed() {
    use futures_util::{SinkExt as _, TryStreamExt as _};
    let (connector, mut connection) = plain().await;
    connection.batch("CREATE TABLE copied (a text)").await.unwrap();
    let mut sink = Box::pin(connection.client().copy_in::<_, &[u8]>("COPY copied FROM STDIN").await.unwrap());
    sink.send(b"one\n".as_slice()).await.unwrap();
    assert!(is_dirty(&connector.inspect(&connection)));
    sink.send(b"two\n".as_slice()).await.unwrap();
    assert_eq!(sink.as_mut().finish().await.unwrap(), 2);
    drop(sink);
    eventually("it is quiet", SOON, async || is_ready(&connector.inspect(&connection))).await;
    let out: Vec<_> =
        connection.client().copy_out("COPY copied TO STDOUT").await.unwrap().try_collect().await.unwrap();
    assert_eq!(out.len(), 2);
    eventually("it is quiet", SOON, async || is_ready(&connector.inspect(&connection))).await;
    let mut sink = Box::pin(connection.client().copy_in::<_, &[u8]>("COPY copied FROM STDIN").await.unwrap());
    sink.send(b"three\n".as_slice()).await.unwrap();
    drop(sink);
    connector.clean(&mut connection).await.unwrap();
    assert!(is_ready(&connector.inspect(&connection)));
    assert_eq!(connection.query("SELECT a FROM copied", &[]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_error_in_the_middle_of_copy_in_leaves_the_count_right() {
    use futures_util::SinkExt as _;
    let (connector, mut connection) = plain().await;
    connection.batch("CREATE TABLE copied_badly (a int)").await.unwrap();
    let mut sink =
        Box::pin(connection.client().copy_in::<_, &[u8]>("COPY copied_badly FROM STDIN").await.unwrap());
    drop(sink.send(b"not a number\n".as_slice()).await);
    assert!(sink.as_mut().finish().await.is_err());
    drop(sink);
    connector.clean(&mut connection).await.unwrap();
    assert!(is_ready(&connector.inspect(&connection)));
    assert_eq!(connection.query("SELECT a FROM copied_badly", &[]).await.unwrap(), []);
}

#[tokio::test]
async fn closing_ends_a_running_query_and_says_goodbye() {
    let (connector, mut connection) = plain().await;
    let (_, mut watcher) = plain().await;
    let process = i64::from(connection.server().process);
    assert!(timeout(Duration::from_millis(50), connection.query("SELECT pg_sleep(30)", &[])).await.is_err());
    let began = Instant::now();
    connector.close(connection).await;
    assert!(began.elapsed() < Duration::from_secs(1), "took {:?}", began.elapsed());
    eventually("the backend is gone", SOON, async || {
        let rows =
            watcher.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1::int4", &params![process]).await;
        rows.unwrap().is_empty()
    })
    .await;
}

#[tokio::test]
async fn ping_is_one_round_trip() {
    let (connector, mut connection) = plain().await;
    let before = connection.traffic().requests;
    connector.ping(&mut connection).await.unwrap();
    assert_eq!(connection.traffic().requests - before, 1);
    assert!(is_ready(&connector.inspect(&connection)));
}

#[tokio::test]
async fn what_is_wrong_with_the_login_is_said_with_its_code() {
    let mut options = support::options(server().await);
    options.database = "no_such_database".into();
    let fault = connector(options).connect(Alarm::silent()).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Permanent, Some("3D000")), "{fault}");
    let mut options = support::options(server().await);
    options.user = "nobody_here".into();
    let fault = connector(options).connect(Alarm::silent()).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Permanent, Some("28000")), "{fault}");
    let mut options = support::options(server().await);
    options.options = Some("-c no_such_setting=1".into());
    let fault = connector(options).connect(Alarm::silent()).await.unwrap_err();
    assert_eq!((fault.class(), fault.code()), (Class::Permanent, Some("42704")), "{fault}");
}

#[tokio::test]
async fn a_unix_socket_directory_is_a_host() {
    let server = server().await;
    let (_, mut connection) = connect(server, |options| {
        options.hosts = vec![(server.directory().display().to_string(), server.port())];
        options.tls.mode = steadfast::config::SslMode::Prefer;
    })
    .await;
    assert_eq!(connection.server().tls, None);
    connection.query("SELECT 1", &[]).await.unwrap();
}
