//! All or nothing, and who sees it when.

use super::*;

pub(crate) async fn a_committed_transaction_is_seen_by_others<S: Subject>() {
    let (subject, mut writer) = furnished::<S>().await;
    let mut reader = connect(&subject).await;
    for number in 1..=3 {
        writer.begin(TransactionOptions::default()).await.expect("begins");
        insert(&mut writer, number).await.expect("stores");
        assert!(is_dirty(&subject, &writer));
        writer.commit().await.expect("commits");
        assert!(is_ready(&subject, &writer));
        assert_eq!(numbers(&mut reader).await, (1..=number).collect::<Vec<_>>());
        std::mem::swap(&mut writer, &mut reader);
    }
}

pub(crate) async fn an_open_transaction_is_not_seen_by_others<S: Subject>() {
    let (subject, mut writer) = furnished::<S>().await;
    writer.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut writer, 1).await.expect("stores");
    let mut reader = connect(&subject).await;
    let meanwhile = tokio::spawn(async move {
        let seen = numbers(&mut reader).await;
        (seen, reader)
    });
    // A database in memory makes readers wait for the writer; none may show them what is not committed.
    tokio::time::sleep(Duration::from_millis(50)).await;
    writer.rollback().await.expect("rolls back");
    let (seen, _reader) = meanwhile.await.expect("reads");
    assert_eq!(seen, Vec::<i64>::new());
}

pub(crate) async fn a_rolled_back_transaction_leaves_nothing<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut connection, 1).await.expect("stores");
    assert_eq!(numbers(&mut connection).await, [1], "it sees its own writes");
    connection.rollback().await.expect("rolls back");
    assert!(is_ready(&subject, &connection));
    assert_eq!(numbers(&mut connection).await, Vec::<i64>::new());
}

pub(crate) async fn a_transaction_without_statements_commits<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.commit().await.expect("commits");
    assert!(is_ready(&subject, &connection));
    insert(&mut connection, 1).await.expect("stores outside of it");
    connection.rollback().await.expect("does nothing");
    assert_eq!(numbers(&mut connection).await, [1]);
}

pub(crate) async fn rollback_without_a_transaction_does_nothing<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.rollback().await.expect("does nothing");
    connection.begin(read_only()).await.expect("begins");
    connection.rollback().await.expect("forgets it");
    connection.rollback().await.expect("does nothing");
    assert!(is_ready(&subject, &connection));
}

pub(crate) async fn a_failed_statement_fails_its_transaction<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for wrong in ["SELEC 1", "SELECT * FROM nowhere", "INSERT INTO numbers VALUES (NULL)", "SELECT $1"] {
        connection.begin(TransactionOptions::default()).await.expect("begins");
        insert(&mut connection, 1).await.expect("stores");
        connection.execute(wrong, &[]).await.expect_err("fails");
        let refused = insert(&mut connection, 2).await.expect_err("is refused");
        assert_eq!(refused.class(), Class::RolledBack, "{refused}");
        assert_eq!(refused.code(), Some("25P02"), "{refused}");
        let fault = connection.commit().await.expect_err("does not commit");
        assert_eq!((fault.class(), fault.step()), (Class::RolledBack, Step::Commit), "{wrong}: {fault}");
        assert_eq!(fault.verdict(), Verdict::GiveUp);
        assert!(is_ready(&subject, &connection), "{wrong}");
        assert_eq!(numbers(&mut connection).await, Vec::<i64>::new(), "{wrong}");
    }
}

/// The server never hears of these.
pub(crate) async fn a_statement_that_fails_on_this_side_fails_its_transaction_too<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    let wrong = [
        ("INSERT INTO people VALUES ($1, $2)", params![1_i64].to_vec()),
        ("INSERT INTO people VALUES (1, $1)", params!["a\0b"].to_vec()),
    ];
    for (sql, values) in wrong {
        // As the first statement and as a later one.
        for later in [false, true] {
            connection.begin(TransactionOptions::default()).await.expect("begins");
            if later {
                insert(&mut connection, 1).await.expect("stores");
            }
            connection.execute(sql, &values).await.expect_err("is refused");
            let refused = insert(&mut connection, 2).await.expect_err("is refused as well");
            assert_eq!((refused.class(), refused.code()), (Class::RolledBack, Some("25P02")), "{refused}");
            let fault = connection.commit().await.expect_err("does not commit");
            assert_eq!(fault.class(), Class::RolledBack, "{sql}: {fault}");
            assert!(is_ready(&subject, &connection), "{sql}");
            assert_eq!(numbers(&mut connection).await, Vec::<i64>::new(), "{sql}");
        }
        connection.begin(TransactionOptions::default()).await.expect("begins");
        insert(&mut connection, 1).await.expect("stores");
        connection.execute("SAVEPOINT here", &[]).await.expect("is set");
        connection.execute(sql, &values).await.expect_err("is refused");
        connection.batch("INSERT INTO numbers VALUES (2)").await.expect_err("is refused as well");
        connection.execute("ROLLBACK TO SAVEPOINT here", &[]).await.expect("returns");
        insert(&mut connection, 3).await.expect("stores");
        connection.commit().await.expect("commits");
        assert_eq!(numbers(&mut connection).await, [1, 3]);
        connection.execute("DELETE FROM numbers", &[]).await.expect("deletes");
    }
}

pub(crate) async fn commit_without_a_transaction_does_nothing<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.commit().await.expect("does nothing");
    insert(&mut connection, 1).await.expect("stores");
    connection.commit().await.expect("does nothing");
    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.rollback().await.expect("forgets it");
    connection.commit().await.expect("does nothing");
    assert!(is_ready(&subject, &connection));
    assert_eq!(numbers(&mut connection).await, [1]);
}

pub(crate) async fn begin_and_read_inside_a_transaction_are_refused_without_harm<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    for started in [false, true] {
        connection.begin(TransactionOptions::default()).await.expect("begins");
        if started {
            insert(&mut connection, 1).await.expect("stores");
        }
        let fault = connection.begin(TransactionOptions::default()).await.expect_err("is refused");
        assert_eq!(fault.class(), Class::Statement, "{fault}");
        let fault = connection.read("SELECT n FROM numbers", &[]).await.expect_err("is refused");
        assert_eq!(fault.class(), Class::Statement, "{fault}");
        insert(&mut connection, 2).await.expect("goes on");
        connection.commit().await.expect("commits");
    }
    assert_eq!(numbers(&mut connection).await, [1, 2, 2]);
}

pub(crate) async fn transaction_control_inside_a_transaction_is_refused_and_fails_it<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for control in ["COMMIT", "/* hidden */ commit", "END", "BEGIN", "-- hidden\nROLLBACK"] {
        for batch in [false, true] {
            connection.begin(TransactionOptions::default()).await.expect("begins");
            insert(&mut connection, 1).await.expect("stores");
            let fault = if batch {
                connection.batch(&format!("INSERT INTO numbers VALUES (2); {control}")).await
            } else {
                connection.execute(control, &[]).await.map(drop)
            };
            let fault = fault.expect_err("is refused");
            assert_eq!(fault.class(), Class::Statement, "{control}: {fault}");
            assert!(fault.remedy().is_some(), "{fault}");
            let fault = connection.commit().await.expect_err("has failed");
            assert_eq!(fault.class(), Class::RolledBack, "{control}: {fault}");
            assert!(is_ready(&subject, &connection), "{control}");
            assert_eq!(numbers(&mut connection).await, Vec::<i64>::new(), "{control}");
        }
    }
    // As the first statement too.
    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.execute("COMMIT", &[]).await.expect_err("is refused");
    connection.commit().await.expect_err("has failed");
    insert(&mut connection, 1).await.expect("goes on");
    assert_eq!(numbers(&mut connect(&subject).await).await, [1]);
}

pub(crate) async fn what_only_looks_like_transaction_control_runs<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection
        .batch(
            "INSERT INTO people VALUES (1, 'a; COMMIT; b'); /* ; END; */
             INSERT INTO people VALUES (2, 'it''s; END'); -- ; ROLLBACK",
        )
        .await
        .expect("runs");
    connection.execute("SELECT CASE WHEN 1 = 1 THEN 1 END", &[]).await.expect("runs");
    connection.commit().await.expect("commits");
    assert_eq!(connection.query("SELECT id FROM people", &[]).await.expect("reads").len(), 2);
}

pub(crate) async fn a_savepoint_survives_a_failure_after_it<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut connection, 1).await.expect("stores");
    connection.execute("SAVEPOINT here", &[]).await.expect("is set");
    insert(&mut connection, 2).await.expect("stores");
    connection.execute("SELECT * FROM nowhere", &[]).await.expect_err("fails");
    insert(&mut connection, 3).await.expect_err("is refused");
    connection.execute("ROLLBACK TO SAVEPOINT here", &[]).await.expect("returns");
    insert(&mut connection, 4).await.expect("stores");
    connection.commit().await.expect("commits");
    assert_eq!(numbers(&mut connection).await, [1, 4]);
}

pub(crate) async fn after_a_failed_transaction_the_next_one_works<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.execute("SELECT * FROM nowhere", &[]).await.expect_err("fails");
    connection.rollback().await.expect("rolls back");
    connection.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut connection, 1).await.expect("stores");
    connection.commit().await.expect("commits");
    assert_eq!(numbers(&mut connection).await, [1]);
}

pub(crate) async fn a_read_only_transaction_refuses_writes<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for write in [
        "INSERT INTO numbers VALUES (1)",
        "CREATE TABLE other (n BIGINT)",
        "DELETE FROM numbers",
        "DROP TABLE numbers",
    ] {
        connection.begin(read_only()).await.expect("begins");
        assert_eq!(numbers(&mut connection).await, Vec::<i64>::new());
        let fault = connection.execute(write, &[]).await.expect_err("is refused");
        assert_eq!(fault.class(), Class::Statement, "{write}: {fault}");
        assert_eq!(connection.commit().await.expect_err("has failed").class(), Class::RolledBack);
        connection.begin(read_only()).await.expect("begins");
        connection.batch(write).await.expect_err("is refused in a batch as well");
        connection.rollback().await.expect("rolls back");
    }
    assert!(is_ready(&subject, &connection));
    insert(&mut connection, 1).await.expect("writes again");
}

pub(crate) async fn a_read_only_transaction_reads_one_snapshot<S: Subject>() {
    let (_subject, mut connection) = furnished::<S>().await;
    insert(&mut connection, 1).await.expect("stores");
    let mut options = read_only();
    options.isolation = Some(steadfast::sql::Isolation::RepeatableRead);
    connection.begin(options).await.expect("begins");
    assert_eq!(numbers(&mut connection).await, [1]);
    assert_eq!(numbers(&mut connection).await, [1]);
    connection.commit().await.expect("commits");
}

/// Eight tasks, half of them writing and half reading. What was acknowledged is there, once.
pub(crate) async fn writers_and_readers_lose_nothing<S: Subject>() {
    const TASKS: i64 = 4;
    const WRITES: i64 = 50;
    let (subject, mut connection) = furnished::<S>().await;
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let mut writer = connect(&subject).await;
        let mut reader = connect(&subject).await;
        tasks.push(tokio::spawn(async move {
            for write in 0..WRITES {
                let number = task * WRITES + write;
                if number % 3 == 0 {
                    insert(&mut writer, number).await.expect("stores");
                    continue;
                }
                writer.begin(TransactionOptions::default()).await.expect("begins");
                insert(&mut writer, number).await.expect("stores");
                if number % 3 == 1 {
                    writer.commit().await.expect("commits");
                } else {
                    writer.rollback().await.expect("rolls back");
                }
            }
        }));
        tasks.push(tokio::spawn(async move {
            let mut seen = 0;
            for _ in 0..WRITES {
                let rows = reader.read("SELECT count(*) AS n FROM numbers", &[]).await.expect("reads");
                let count = get::<i64>(&rows[0], "n");
                assert!(count >= seen, "what was committed does not go away");
                seen = count;
            }
        }));
    }
    for task in tasks {
        task.await.expect("does not panic");
    }
    let expected: Vec<i64> = (0..TASKS * WRITES).filter(|number| number % 3 != 2).collect();
    assert_eq!(numbers(&mut connection).await, expected);
}
