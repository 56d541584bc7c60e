//! Fear: what is said to cost one round trip costs more.

use steadfast::connector::Connector as _;
use steadfast::postgres::PostgresConnection;
use steadfast::sql::{SqlConnection as _, TransactionOptions};

use super::support::{is_dirty, is_ready, plain};

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
    assert_eq!(
        count(&mut connection, before).await,
        2,
        "with what the next one relies on, in the same packet"
    );
    connection.read("SELECT 1", &[]).await.unwrap();
    assert_eq!(
        count(&mut connection, before).await,
        3,
        "what keeps it from writing and the statement are one request"
    );
    connection.read("SHOW work_mem", &[]).await.unwrap();
    let before = connection.traffic().requests;
    connection.read("SHOW work_mem", &[]).await.unwrap();
    assert_eq!(count(&mut connection, before).await, 1, "BEGIN, the statement and COMMIT are one request");
    assert!(is_ready(&connector.inspect(&connection)));
}

#[tokio::test]
async fn ping_is_one_round_trip() {
    let (connector, mut connection) = plain().await;
    let before = connection.traffic().requests;
    connector.ping(&mut connection).await.unwrap();
    assert_eq!(connection.traffic().requests - before, 1);
    assert!(is_ready(&connector.inspect(&connection)));
}
