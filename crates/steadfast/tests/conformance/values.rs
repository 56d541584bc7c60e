//! What goes in comes out.

use super::*;

const KINDS: &str = "CREATE TABLE kinds (
    truth BOOLEAN, number BIGINT, ratio DOUBLE PRECISION, words TEXT, bytes BYTEA, moment TIMESTAMPTZ, tag UUID)";
const INSERT_KINDS: &str = "INSERT INTO kinds VALUES ($1, $2, $3, $4, $5, $6, $7)";

async fn kinds<S: Subject>(params: &[Value]) -> Row {
    let subject = S::start().await;
    let mut connection = connect(&subject).await;
    connection.batch(KINDS).await.expect("makes the table");
    connection.execute(INSERT_KINDS, params).await.expect("stores");
    connection.query("SELECT * FROM kinds", &[]).await.expect("reads").remove(0)
}

pub(crate) async fn every_kind_of_value_survives_the_round_trip<S: Subject>() {
    let moment: Timestamp = "2026-02-28T23:59:59.123456Z".parse().expect("a timestamp");
    let tag = Uuid::new_v4();
    let bytes: Vec<u8> = (0..=255).collect();
    let row = kinds::<S>(&params![true, i64::MIN, 0.1, "Grüße, \u{1f600}", bytes.clone(), moment, tag]).await;
    assert!(get::<bool>(&row, "truth"));
    assert_eq!(get::<i64>(&row, "number"), i64::MIN);
    assert_eq!(get::<f64>(&row, "ratio").to_bits(), 0.1_f64.to_bits());
    assert_eq!(get::<String>(&row, "words"), "Grüße, \u{1f600}");
    assert_eq!(get::<Vec<u8>>(&row, "bytes"), bytes);
    assert_eq!(get::<Timestamp>(&row, "moment"), moment);
    assert_eq!(get::<Uuid>(&row, "tag"), tag);
    let names = ["truth", "number", "ratio", "words", "bytes", "moment", "tag"];
    assert_eq!(row.columns(), names);

    let bounds =
        kinds::<S>(&params![false, i64::MAX, -0.0, "", Vec::<u8>::new(), Timestamp::UNIX_EPOCH, Uuid::nil()])
            .await;
    assert!(!get::<bool>(&bounds, "truth"));
    assert_eq!(get::<i64>(&bounds, "number"), i64::MAX);
    assert_eq!(get::<f64>(&bounds, "ratio"), 0.0);
    assert_eq!(get::<String>(&bounds, "words"), "");
    assert_eq!(get::<Vec<u8>>(&bounds, "bytes"), Vec::<u8>::new());
    assert_eq!(get::<Timestamp>(&bounds, "moment"), Timestamp::UNIX_EPOCH);
    assert_eq!(get::<Uuid>(&bounds, "tag"), Uuid::nil());
}

pub(crate) async fn nulls_of_every_kind_survive_the_round_trip<S: Subject>() {
    let row = kinds::<S>(&vec![Value::Null; 7]).await;
    assert_eq!(row.values(), vec![Value::Null; 7]);
    assert_eq!(get::<Option<Timestamp>>(&row, "moment"), None);
    assert!(matches!(row.get::<i64>("number"), Err(Error::Column { .. })), "NULL is no number");
}

pub(crate) async fn parameters_go_by_number<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    connection
        .execute("INSERT INTO people (email, id) VALUES ($2, $1)", &params![7_i64, "seven@example.org"])
        .await
        .expect("stores");
    let rows = connection
        .query("SELECT id FROM people WHERE email = $2 AND id = $1", &params![7_i64, "seven@example.org"])
        .await
        .expect("reads");
    assert_eq!(rows.len(), 1);
    let rows = connection
        .query("SELECT id FROM people WHERE id = $1 OR id = $1 + 1", &params![7_i64])
        .await
        .expect("one parameter may be used twice");
    assert_eq!(rows.len(), 1);
}

pub(crate) async fn a_wrong_number_of_parameters_is_a_clear_fault<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for params in [&params![][..], &params![1_i64][..], &params![1_i64, "x", 3_i64][..]] {
        let fault =
            connection.execute("INSERT INTO people VALUES ($1, $2)", params).await.expect_err("is refused");
        assert_eq!(fault.class(), Class::Statement, "{fault}");
        assert_eq!(fault.verdict(), Verdict::GiveUp);
    }
    assert!(is_ready(&subject, &connection));
}

pub(crate) async fn a_wrong_column_is_a_clear_error<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    insert(&mut connection, 1).await.expect("stores");
    let rows = connection.query("SELECT n FROM numbers", &[]).await.expect("reads");
    for error in [
        rows[0].get::<i64>("m").expect_err("there is no m"),
        rows[0].get::<String>("n").expect_err("n is a number"),
        rows[0].at::<i64>(1).expect_err("there is one column"),
    ] {
        assert!(matches!(error, Error::Column { .. }), "{error}");
    }
    let fault = connection.query("SELECT m FROM numbers", &[]).await.expect_err("there is no m");
    assert_eq!((fault.class(), fault.step()), (Class::Statement, Step::Statement));
}

pub(crate) async fn text_with_a_nul_character_is_refused<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    let stored = connection.execute("INSERT INTO people VALUES (1, $1)", &params!["a\0b"]).await;
    assert_eq!(stored.expect_err("is refused").class(), Class::Statement);
    assert!(is_ready(&subject, &connection));
}

pub(crate) async fn odd_text_comes_back_as_it_went<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    let odd = ["'; DROP TABLE people; --", "\u{202e}\u{feff}", "\\x00 $1 ? :a", " \t\r\n ", "\u{10ffff}"];
    for (id, text) in (0_i64..).zip(odd) {
        connection.execute("INSERT INTO people VALUES ($1, $2)", &params![id, text]).await.expect("stores");
        let rows =
            connection.query("SELECT email FROM people WHERE id = $1", &params![id]).await.expect("reads");
        assert_eq!(get::<String>(&rows[0], "email"), text);
    }
}
