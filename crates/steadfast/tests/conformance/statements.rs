//! Single statements and batches.

use super::*;

pub(crate) async fn connects_ready_and_answers_a_ping<S: Subject>() {
    let subject = S::start().await;
    let mut connection = connect(&subject).await;
    assert!(is_ready(&subject, &connection));
    subject.connector().ping(&mut connection).await.expect("answers");
    assert!(is_ready(&subject, &connection));
    subject.connector().close(connection).await;
}

pub(crate) async fn execute_counts_the_rows_that_it_affected<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    let mut count = async |sql: &str| connection.execute(sql, &[]).await.expect("runs");
    assert_eq!(count("INSERT INTO numbers VALUES (1), (2), (3)").await, 3);
    assert_eq!(count("CREATE TABLE other (n BIGINT)").await, 0);
    assert_eq!(count("UPDATE numbers SET n = n + 10 WHERE n > 1").await, 2);
    assert_eq!(count("DELETE FROM numbers WHERE n = 99").await, 0);
    assert_eq!(count("SELECT n FROM numbers").await, 3);
    assert_eq!(count("INSERT INTO numbers VALUES (4), (5) RETURNING n").await, 2);
}

pub(crate) async fn returning_gives_rows<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    let rows = connection
        .query("INSERT INTO people VALUES ($1, $2) RETURNING id, email", &params![1_i64, "a@example.org"])
        .await
        .expect("stores");
    assert_eq!(rows[0].values(), params![1_i64, "a@example.org"]);
    let rows = connection.query("SELECT id FROM people", &[]).await.expect("reads");
    assert_eq!(rows.len(), 1, "stored once");
}

pub(crate) async fn an_empty_statement_does_nothing<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for sql in ["", "-- only a comment", ";"] {
        assert_eq!(connection.execute(sql, &[]).await.expect("runs"), 0, "{sql}");
        assert_eq!(connection.query(sql, &[]).await.expect("runs"), [], "{sql}");
        connection.batch(sql).await.expect("runs");
    }
    assert!(is_ready(&subject, &connection));
}

pub(crate) async fn a_statement_that_fails_leaves_the_connection_usable<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for sql in ["SELEC 1", "SELECT * FROM nowhere", "INSERT INTO numbers VALUES (NULL)"] {
        let fault = connection.query(sql, &[]).await.expect_err("fails");
        assert_eq!(fault.class(), Class::Statement, "{fault}");
        assert!(fault.code().is_some(), "{fault}");
        assert!(is_ready(&subject, &connection), "{sql}");
    }
    insert(&mut connection, 1).await.expect("goes on");
    assert_eq!(numbers(&mut connection).await, [1]);
}

pub(crate) async fn a_unique_violation_names_its_constraint<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    let insert = "INSERT INTO people VALUES ($1, $2)";
    connection.execute(insert, &params![1_i64, "same@example.org"]).await.expect("stores");
    let fault =
        connection.execute(insert, &params![2_i64, "same@example.org"]).await.expect_err("is a duplicate");
    assert_eq!(fault.class(), Class::Statement);
    assert_eq!(fault.constraint(), Some(S::EMAIL_CONSTRAINT));
    assert_eq!(fault.code(), Some(S::UNIQUE_CODE));
    assert!(!fault.to_string().contains("same@"), "values are not told: {fault}");
}

pub(crate) async fn read_refuses_writes<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    insert(&mut connection, 1).await.expect("stores");
    let rows = connection.read("SELECT n FROM numbers WHERE n = $1", &params![1_i64]).await.expect("reads");
    assert_eq!(rows.len(), 1);
    for write in
        ["INSERT INTO numbers VALUES (2) RETURNING n", "DELETE FROM numbers", "CREATE TABLE other (n BIGINT)"]
    {
        let fault = connection.read(write, &[]).await.expect_err("is refused");
        assert_eq!(fault.class(), Class::Statement, "{write}: {fault}");
        assert!(is_ready(&subject, &connection), "{write}");
    }
    assert_eq!(numbers(&mut connection).await, [1]);
}

pub(crate) async fn reading_works_after_whatever_came_before<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    let read = "SELECT n FROM numbers";
    for options in [TransactionOptions::default(), read_only()] {
        connection.begin(options).await.expect("begins");
        numbers(&mut connection).await;
        connection.commit().await.expect("commits");
        connection.read(read, &[]).await.expect("reads after a commit");
        connection.begin(options).await.expect("begins");
        numbers(&mut connection).await;
        connection.rollback().await.expect("rolls back");
        connection.read(read, &[]).await.expect("reads after a rollback");
    }
    connection.batch("INSERT INTO numbers VALUES (1); INSERT INTO numbers VALUES (2)").await.expect("runs");
    assert_eq!(connection.read(read, &[]).await.expect("reads after a batch").len(), 2);
    connection.batch("SELECT 1; SELECT * FROM nowhere").await.expect_err("fails");
    connection.read(read, &[]).await.expect("reads after a batch that failed");
    connection.read("DELETE FROM numbers", &[]).await.expect_err("is refused");
    connection.read(read, &[]).await.expect("reads after a refusal");
}

pub(crate) async fn a_batch_runs_every_statement<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    connection
        .batch(
            "CREATE TABLE made_here (n BIGINT); -- the next one needs it
             INSERT INTO made_here VALUES (1); INSERT INTO numbers SELECT n + 1 FROM made_here;
             ;; /* nothing */",
        )
        .await
        .expect("runs");
    assert_eq!(numbers(&mut connection).await, [2]);
}

pub(crate) async fn a_batch_is_applied_wholly_or_not_at_all<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    let fault = connection
        .batch(
            "INSERT INTO numbers VALUES (1); INSERT INTO nowhere VALUES (2); INSERT INTO numbers VALUES (3)",
        )
        .await
        .expect_err("fails");
    assert_eq!(fault.class(), Class::Statement);
    assert!(is_ready(&subject, &connection));
    assert_eq!(numbers(&mut connection).await, Vec::<i64>::new());

    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.batch("INSERT INTO numbers VALUES (1); INSERT INTO numbers VALUES (2)").await.expect("runs");
    connection.rollback().await.expect("rolls back");
    assert_eq!(numbers(&mut connection).await, Vec::<i64>::new(), "inside a transaction it belongs to it");
}

pub(crate) async fn a_batch_of_several_statements_controls_no_transaction<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for batch in
        ["INSERT INTO numbers VALUES (1); COMMIT; SELECT 1", "BEGIN; INSERT INTO numbers VALUES (1); COMMIT"]
    {
        let fault = connection.batch(batch).await.expect_err("is refused");
        assert_eq!(fault.class(), Class::Statement, "{fault}");
        assert!(is_ready(&subject, &connection), "{batch}");
        assert_eq!(numbers(&mut connection).await, Vec::<i64>::new(), "{batch}");
    }
}
