//! Fear: a type of the database's own is taken for something that it is not, or asked about again and again.

use steadfast::connector::Connector as _;
use steadfast::params;
use steadfast::sql::{SqlConnection as _, TransactionOptions, Value};

use super::support::{connect, is_ready, server};

const SCHEMA: &str = "CREATE SCHEMA own; SET search_path = own, public; \
    CREATE TYPE own.mood AS ENUM ('calm', 'größer'); CREATE DOMAIN own.small AS int2 CHECK (VALUE > 0); \
    CREATE DOMAIN own.smaller AS own.small CHECK (VALUE < 10); CREATE DOMAIN own.good AS own.mood; \
    CREATE TYPE own.pair AS (a int, b int)";

const QUESTION: &str = "SELECT 'größer'::own.mood AS mood, 7::own.smaller AS seven, 'calm'::own.good AS good, \
    $1::own.smaller AS given, $2::own.good AS better";

#[tokio::test]
async fn enums_and_domains_are_read_and_written_with_and_without_preparing() {
    let server = server().await;
    for cached in [100, 0] {
        let (connector, mut connection) = connect(server, |options| options.statement_cache = cached).await;
        connection.batch(&format!("DROP SCHEMA IF EXISTS own CASCADE; {SCHEMA}")).await.unwrap();
        let expected = [
            Value::Text("größer".into()),
            Value::Int(7),
            Value::Text("calm".into()),
            Value::Int(3),
            Value::Text("größer".into()),
        ];
        let given = params![3_i64, "größer"];
        for _ in 0..2 {
            assert_eq!(connection.query(QUESTION, &given).await.unwrap()[0].values(), expected);
            assert_eq!(connection.read(QUESTION, &given).await.unwrap()[0].values(), expected);
            connection.begin(TransactionOptions::default()).await.unwrap();
            assert_eq!(connection.query(QUESTION, &given).await.unwrap()[0].values(), expected);
            connection.commit().await.unwrap();
        }
        let before = connection.traffic().requests;
        connection.query(QUESTION, &given).await.unwrap();
        assert_eq!(connection.traffic().requests - before, 1, "what the types are is known by now");
        let fault = connection.query("SELECT ROW(1, 2)::own.pair AS both", &[]).await.unwrap_err();
        assert!(fault.summary().contains("both") && fault.summary().contains("pair"), "{fault}");
        assert!(fault.remedy().unwrap().contains("both::text"), "{fault}");
        connector.clean(&mut connection).await.unwrap();
        assert!(is_ready(&connector.inspect(&connection)));
    }
}

#[tokio::test]
async fn a_copy_is_refused_and_the_connection_stays_in_step() {
    let server = server().await;
    for cached in [100, 0] {
        let (connector, mut connection) = connect(server, |options| options.statement_cache = cached).await;
        connection.batch("DROP TABLE IF EXISTS copied_to; CREATE TABLE copied_to (a int)").await.unwrap();
        for inside in [false, true] {
            for text in ["COPY copied_to FROM STDIN", "COPY copied_to TO STDOUT"] {
                if inside {
                    connection.begin(TransactionOptions::default()).await.unwrap();
                }
                let fault = connection.query(text, &[]).await.unwrap_err();
                assert!(fault.summary().contains("COPY"), "{text}: {fault}");
                if inside {
                    connection.rollback().await.unwrap();
                }
                let rows = connection.query("SELECT 1::int8", &[]).await.unwrap();
                assert_eq!(rows[0].values(), [Value::Int(1)], "behind {text}");
            }
        }
        connection.begin(TransactionOptions::default()).await.unwrap();
        let fault = connection.batch("SELECT 1; COPY copied_to FROM STDIN").await.unwrap_err();
        assert!(fault.summary().contains("COPY"), "{fault}");
        connection.rollback().await.unwrap();
        let fault = connection.batch("COPY copied_to FROM STDIN").await.unwrap_err();
        assert!(fault.summary().contains("COPY"), "{fault}");
        assert!(is_ready(&connector.inspect(&connection)));
        assert_eq!(connection.query("SELECT * FROM copied_to", &[]).await.unwrap(), []);
    }
}
