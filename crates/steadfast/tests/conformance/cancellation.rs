//! Futures that are dropped, and connections that are left as they are.

use super::*;

pub(crate) async fn a_dropped_statement_makes_the_connection_dirty_and_clean_ends_it<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for _ in 0..3 {
        start_and_drop(connection.query(S::SLOW_QUERY, &[])).await;
        assert!(is_dirty(&subject, &connection));
        clean(&subject, &mut connection).await;

        run_and_drop(connection.query(S::SLOW_QUERY, &[])).await;
        assert!(is_dirty(&subject, &connection));
        clean(&subject, &mut connection).await;

        insert(&mut connection, 1).await.expect("works again");
    }
    assert_eq!(numbers(&mut connection).await, [1, 1, 1]);
}

pub(crate) async fn nothing_of_a_dropped_write_is_applied<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    run_and_drop(connection.execute(S::SLOW_INSERT, &[])).await;
    clean(&subject, &mut connection).await;
    assert_eq!(numbers(&mut connection).await, Vec::<i64>::new());

    connection.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut connection, 1).await.expect("stores");
    run_and_drop(connection.execute(S::SLOW_INSERT, &[])).await;
    clean(&subject, &mut connection).await;
    let mut other = connect(&subject).await;
    assert_eq!(numbers(&mut other).await, Vec::<i64>::new());
    insert(&mut other, 2).await.expect("no lock is left");
    assert_eq!(numbers(&mut connection).await, [2]);
}

pub(crate) async fn a_dropped_statement_fails_its_transaction<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut connection, 1).await.expect("stores");
    run_and_drop(connection.query(S::SLOW_QUERY, &[])).await;
    let result = timeout(BOUND, connection.commit()).await.expect("does not wait for what nobody wants");
    assert_eq!(result.expect_err("does not commit").class(), Class::RolledBack);
    clean(&subject, &mut connection).await;
    assert_eq!(numbers(&mut connection).await, Vec::<i64>::new());
}

pub(crate) async fn a_connection_may_be_used_on_after_a_dropped_statement<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for number in 0..3 {
        run_and_drop(connection.query(S::SLOW_QUERY, &[])).await;
        let stored = timeout(BOUND, insert(&mut connection, number)).await;
        stored.expect("does not wait for what nobody wants").expect("stores");
        start_and_drop(connection.execute(S::SLOW_INSERT, &[])).await;
        let rows = timeout(BOUND, connection.read("SELECT n FROM numbers", &[])).await;
        rows.expect("does not wait for what nobody wants").expect("reads");
        run_and_drop(connection.batch(S::SLOW_QUERY)).await;
        let begun = timeout(BOUND, connection.begin(TransactionOptions::default())).await;
        begun.expect("does not wait for what nobody wants").expect("begins");
        connection.rollback().await.expect("rolls back");
    }
    assert!(is_ready(&subject, &connection));
    assert_eq!(numbers(&mut connection).await, [0, 1, 2]);
}

pub(crate) async fn a_transaction_with_a_dropped_statement_takes_no_other<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for first in [true, false] {
        connection.begin(TransactionOptions::default()).await.expect("begins");
        if !first {
            insert(&mut connection, 1).await.expect("stores");
            connection.execute("SAVEPOINT here", &[]).await.expect("is set");
        }
        run_and_drop(connection.query(S::SLOW_QUERY, &[])).await;
        let refused = timeout(BOUND, insert(&mut connection, 2)).await.expect("does not wait");
        let refused = refused.expect_err("is refused");
        assert_eq!((refused.class(), refused.code()), (Class::RolledBack, Some("25P02")), "{refused}");
        connection.execute("ROLLBACK TO here", &[]).await.expect_err("nobody knows what was before it");
        connection.rollback().await.expect("rolls back");
        assert!(is_ready(&subject, &connection));
        assert_eq!(numbers(&mut connection).await, Vec::<i64>::new());
    }
}

pub(crate) async fn a_dropped_commit_is_waited_for<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for number in 1..=3 {
        connection.begin(TransactionOptions::default()).await.expect("begins");
        insert(&mut connection, number).await.expect("stores");
        {
            // It may be so fast that it is done at once.
            let mut committing = pin!(connection.commit());
            poll_fn(|context| {
                drop(committing.as_mut().poll(context));
                Poll::Ready(())
            })
            .await;
        }
        assert_eq!(numbers(&mut connection).await, (1..=number).collect::<Vec<_>>(), "it was under way");
        assert!(is_ready(&subject, &connection));
    }
}

pub(crate) async fn a_transaction_left_open_is_rolled_back_by_clean<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    for options in [TransactionOptions::default(), read_only()] {
        connection.begin(options).await.expect("begins");
        assert_eq!(numbers(&mut connection).await, Vec::<i64>::new());
        if options.access == Access::ReadWrite {
            insert(&mut connection, 1).await.expect("stores");
        }
        assert!(is_dirty(&subject, &connection));
        clean(&subject, &mut connection).await;
        assert_eq!(numbers(&mut connection).await, Vec::<i64>::new());
        insert(&mut connect(&subject).await, 2).await.expect("no lock is left");
        connection.execute("DELETE FROM numbers", &[]).await.expect("writes outside of it");
    }
}

pub(crate) async fn a_transaction_left_before_its_first_statement_is_forgotten_by_clean<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.begin(read_only()).await.expect("begins");
    clean(&subject, &mut connection).await;
    insert(&mut connection, 1).await.expect("writes outside of it");
    connection.rollback().await.expect("does nothing");
    assert_eq!(numbers(&mut connection).await, [1]);
}

pub(crate) async fn a_begin_dropped_after_its_first_poll_holds_nothing<S: Subject>() {
    let (subject, mut first) = furnished::<S>().await;
    let mut second = connect(&subject).await;
    // The first one writes, so that the second one's beginning has something to wait for, where one waits.
    first.begin(TransactionOptions::default()).await.expect("begins");
    insert(&mut first, 1).await.expect("stores");
    {
        let mut beginning = pin!(async {
            second.begin(TransactionOptions::default()).await?;
            insert(&mut second, 2).await
        });
        poll_fn(|context| {
            drop(beginning.as_mut().poll(context));
            Poll::Ready(())
        })
        .await;
    }
    first.commit().await.expect("commits");
    clean(&subject, &mut second).await;
    let mut third = connect(&subject).await;
    timeout(BOUND, insert(&mut third, 3)).await.expect("no lock is left").expect("stores");
    assert_eq!(numbers(&mut second).await, [1, 3]);
}

pub(crate) async fn settings_do_not_outlive_clean<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    connection.execute("CREATE TEMP TABLE mine (n BIGINT)", &[]).await.expect("makes it");
    if is_dirty(&subject, &connection) {
        clean(&subject, &mut connection).await;
        connection.query("SELECT n FROM mine", &[]).await.expect_err("is gone");
    }
    connection.query("SELECT n FROM numbers", &[]).await.expect("goes on");
}

async fn leave_locked<S: Subject>(subject: &S) -> Connection<S> {
    let mut connection = connect(subject).await;
    connection.begin(TransactionOptions::default()).await.expect("begins");
    connection.execute("UPDATE numbers SET n = 99", &[]).await.expect("locks the row");
    connection
}

async fn expect_unlocked<S: Subject>(mut connection: Connection<S>) {
    let update = connection.execute("UPDATE numbers SET n = n + 1", &[]);
    timeout(BOUND, update).await.expect("no lock is left").expect("updates");
    assert_eq!(numbers(&mut connection).await, [2]);
}

pub(crate) async fn closing_rolls_back_and_releases_locks<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    insert(&mut connection, 1).await.expect("stores");
    let locked = leave_locked(&subject).await;
    subject.connector().close(locked).await;
    expect_unlocked::<S>(connection).await;
}

pub(crate) async fn dropping_rolls_back_and_releases_locks<S: Subject>() {
    let (subject, mut connection) = furnished::<S>().await;
    insert(&mut connection, 1).await.expect("stores");
    let mut locked = leave_locked(&subject).await;
    run_and_drop(locked.query(S::SLOW_QUERY, &[])).await;
    drop(locked);
    expect_unlocked::<S>(connection).await;
}
