//! Fear: a prepared statement outlives what it was prepared for, or there are ever more of them.

use steadfast::connector::Connector as _;
use steadfast::sql::{SqlConnection as _, TransactionOptions};
use steadfast::verdict::{Class, Verdict};

use super::support::{connect, is_ready, plain, server};

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
