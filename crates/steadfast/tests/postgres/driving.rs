//! Fear: a caller drives the connection while it waits, then somebody else does, and what happens in between is lost.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use steadfast::connector::{Condition, Connector as _};
use steadfast::params;
use steadfast::sql::{SqlConnection as _, Value};
use steadfast_test::{eventually, poll_once};

use super::support::{SOON, is_dirty, is_ready, plain};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_may_be_begun_in_one_task_and_ended_in_another() {
    let (connector, mut connection) = plain().await;
    for round in 0..100 {
        let mut call = Box::pin(async move {
            let rows = connection.query("SELECT $1::int8", &params![round]).await.unwrap();
            (connection, rows)
        });
        // Whoever is woken for this poll is not the one who waits in the end.
        let (back, rows) = match poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await {
            Poll::Ready(quick) => quick,
            Poll::Pending => tokio::spawn(call).await.unwrap(),
        };
        assert_eq!(rows[0].values(), [Value::Int(round)]);
        assert!(is_ready(&connector.inspect(&back)));
        connection = back;
    }
}

#[tokio::test]
async fn more_than_any_buffer_holds_passes_both_ways() {
    let (connector, mut connection) = plain().await;
    let long = "x".repeat(20_000_000);
    let rows = connection.query("SELECT $1::text", &params![long.as_str()]).await.unwrap();
    assert!(matches!(&rows[0].values()[0], Value::Text(back) if *back == long));
    let rows = connection.query("SELECT generate_series(1, 200000)::int8", &[]).await.unwrap();
    assert_eq!((rows.len(), rows[199_999].values()), (200_000, &[Value::Int(200_000)][..]));
    // A call that is dropped in the middle of either leaves the rest to the driver's task.
    poll_once(connection.query("SELECT $1::text", &params![long.as_str()])).await;
    assert!(is_dirty(&connector.inspect(&connection)));
    connector.clean(&mut connection).await.unwrap();
    assert!(is_ready(&connector.inspect(&connection)));
    connection.query("SELECT 1", &[]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_came_while_a_call_slept_is_seen_when_it_is_dropped() {
    let (_, mut other) = plain().await;
    for _ in 0..10 {
        let (connector, mut connection) = plain().await;
        let process = i64::from(connection.server().process);
        {
            let mut call = pin!(connection.query("SELECT pg_sleep(60)", &[]));
            poll_once(call.as_mut()).await;
            // It drives, and is not polled again.
            other.query("SELECT pg_terminate_backend($1::int4)", &params![process]).await.unwrap();
            let gone = "SELECT 1 FROM pg_stat_activity WHERE pid = $1::int4";
            while !other.query(gone, &params![process]).await.unwrap().is_empty() {}
        }
        eventually("the end is noticed", SOON, async || {
            matches!(connector.inspect(&connection), Condition::Lost(_))
        })
        .await;
    }
}

#[tokio::test]
async fn the_drivers_own_client_works_right_behind_a_call_that_was_dropped() {
    let (connector, mut connection) = plain().await;
    poll_once(connection.query("SELECT 1", &[])).await;
    connection.client().batch_execute("SELECT 2").await.unwrap();
    connector.clean(&mut connection).await.unwrap();
    assert!(is_ready(&connector.inspect(&connection)));
}
