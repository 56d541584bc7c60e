//! Fear: a future is dropped half-way, and what it was doing goes on.

use std::time::Duration;

use steadfast::connector::Connector as _;
use steadfast::sql::{SqlConnection as _, TransactionOptions};
use steadfast_test::{eventually, poll_once};
use tokio::time::{Instant, timeout};

use super::support::{SOON, is_dirty, is_ready, plain};

#[tokio::test]
async fn a_busy_connection_is_clean_soon_after_its_caller_left() {
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
    // How soon exactly is measured by the bars.
    assert!(best < Duration::from_millis(500), "took {best:?}");
    connection.query("SELECT 1", &[]).await.unwrap();
}

#[tokio::test]
async fn a_future_dropped_after_its_first_poll_leaves_nothing_to_the_next_borrower() {
    let (connector, mut connection) = plain().await;
    connection.batch("CREATE TABLE dropped (a int)").await.unwrap();
    for round in 0..20 {
        connection.begin(TransactionOptions::default()).await.unwrap();
        poll_once(connection.execute("INSERT INTO dropped VALUES (1)", &[])).await;
        assert!(is_dirty(&connector.inspect(&connection)), "round {round}: sent, and not waited for");
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
