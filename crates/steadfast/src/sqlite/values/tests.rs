use jiff::Timestamp;
use rusqlite::Connection;

use super::{Reader, bind, timestamp, timestamp_text};
use crate::error::Fault;
use crate::sql::{Row, Value};
use crate::verdict::Class;

fn query(sql: &str, params: &[Value]) -> Result<Row, Fault> {
    let connection = Connection::open_in_memory().unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    bind(&mut statement, params)?;
    let reader = Reader::new(&statement);
    let mut rows = statement.raw_query();
    reader.read(rows.next().unwrap().unwrap())
}

#[test]
fn parameters_are_bound_by_number_in_whatever_order_they_appear() {
    let row = query("SELECT $2 AS b, $1 AS a, $2 AS c", &crate::params![1, "two"]).unwrap();
    assert_eq!(row.values(), crate::params!["two", 1, "two"]);
}

#[test]
fn more_than_nine_parameters_are_bound() {
    let params: Vec<Value> = (1..=12).map(|number: i64| Value::Int(number)).collect();
    let row = query("SELECT $12, $1, $11, $2, $3, $4, $5, $6, $7, $8, $9, $10", &params).unwrap();
    let expected = [12, 1, 11, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(Value::Int);
    assert_eq!(row.values(), expected);
}

#[test]
fn a_wrong_number_of_parameters_is_told() {
    for (sql, given, says) in [
        ("SELECT $1, $2", 1, "1 parameter was given, but the statement uses $2"),
        ("SELECT $1", 2, "2 parameters were given, but the statement does not use $2"),
        ("SELECT $2", 2, "2 parameters were given, but the statement does not use $1"),
        ("SELECT 1", 1, "1 parameter was given, but the statement does not use $1"),
        ("SELECT $1", 0, "0 parameters were given, but the statement uses $1"),
    ] {
        let fault = query(sql, &vec![Value::Int(1); given]).unwrap_err();
        assert_eq!(fault.class(), Class::Statement);
        assert_eq!(fault.summary(), says);
    }
}

#[test]
fn parameters_of_another_form_are_refused() {
    for (sql, says) in [
        ("SELECT ?", "the parameter ? is not of the form $1"),
        ("SELECT :name", "the parameter :name is not of the form $1"),
        ("SELECT $0", "the parameter $0 is not of the form $1"),
        ("SELECT $1::text", "SQLite takes $1::text for the name of a parameter"),
    ] {
        let fault = query(sql, &[Value::Int(1)]).unwrap_err();
        assert_eq!(fault.summary(), says);
        assert!(fault.remedy().is_some());
    }
}

#[test]
fn what_would_be_stored_as_something_else_is_refused() {
    assert!(query("SELECT $1", &[Value::Float(f64::NAN)]).unwrap_err().summary().contains("NaN"));
    assert!(query("SELECT $1", &[Value::Text("a\0b".into())]).unwrap_err().summary().contains("NUL"));
    let row = query("SELECT $1", &[Value::Float(f64::INFINITY)]).unwrap();
    assert_eq!(row.values(), [Value::Float(f64::INFINITY)]);
}

#[test]
fn the_text_of_timestamps_sorts_as_they_do() {
    let texts = [
        "1969-12-31T23:59:59.9999996Z",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000001Z",
        "9000-05-05T05:05:05.5Z",
    ]
    .map(|text| timestamp_text(text.parse().unwrap()));
    assert!(texts.is_sorted(), "{texts:?}");
    assert!(texts.iter().all(|text| text.len() == "2026-01-01T00:00:00.000000Z".len()), "{texts:?}");
}

#[test]
fn current_timestamp_is_read_as_utc() {
    let expected: Timestamp = "2026-03-04T05:06:07Z".parse().unwrap();
    assert_eq!(timestamp("2026-03-04 05:06:07"), Some(expected));
    assert_eq!(timestamp("2026-03-04T06:06:07+01:00"), Some(expected));
    assert_eq!(timestamp("yesterday"), None);
}

#[test]
fn a_declared_type_is_followed_where_the_value_allows() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t (a BOOLEAN, b timestamp with time zone, c uuid);
             INSERT INTO t VALUES (1, '2026-03-04 05:06:07', '00000000-0000-0000-0000-000000000001'), (7, 'soon', 'x')",
        )
        .unwrap();
    let mut statement = connection.prepare("SELECT * FROM t").unwrap();
    let reader = Reader::new(&statement);
    let mut rows = statement.raw_query();
    let first = reader.read(rows.next().unwrap().unwrap()).unwrap();
    let [Value::Bool(true), Value::Timestamp(_), Value::Uuid(_)] = first.values() else {
        panic!("{first:?}")
    };
    let second = reader.read(rows.next().unwrap().unwrap()).unwrap();
    assert_eq!(second.values(), crate::params![7, "soon", "x"]);
}

#[test]
fn text_that_is_not_utf8_is_a_fault_that_names_the_column() {
    let fault = query("SELECT CAST(x'ff' AS TEXT) AS odd", &[]).unwrap_err();
    assert_eq!(fault.summary(), "column odd holds text that is not UTF-8");
}
