//! What goes into a statement, and what goes wrong with it: a value comes back as another one, or an error costs the
//! connection.

use steadfast::connector::Connector as _;
use steadfast::params;
use steadfast::sql::{SqlConnection as _, Value};
use steadfast::verdict::{Class, Verdict};

use super::support::{connect, is_ready, plain, server};

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
