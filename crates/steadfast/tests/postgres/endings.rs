//! Fear: a connection ends and nobody learns why, or one that we end leaves something behind.

use std::sync::Arc;
use std::time::Duration;

use steadfast::connector::{Alarm, Condition, Connector as _};
use steadfast::params;
use steadfast::sql::{SqlConnection as _, TransactionOptions};
use steadfast::verdict::{Class, Verdict};
use steadfast_test::eventually;
use tokio::time::{Instant, timeout};

use super::support::{self, SOON, connector, plain, server};

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
async fn the_servers_time_limits_are_told_apart() {
    for (limit, code) in [("idle_session_timeout", "57P05"), ("idle_in_transaction_session_timeout", "25P03")]
    {
        let (connector, mut connection) = plain().await;
        connection.batch(&format!("SET {limit} = 300")).await.unwrap();
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
