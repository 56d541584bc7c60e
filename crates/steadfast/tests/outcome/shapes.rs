//! Fear: a transaction of an unusual shape has no id in hand when its COMMIT is sent.

use steadfast::Verdict;
use steadfast::postgres::tokio_postgres;
use steadfast_test::{Cut, Direction, Ending, Relay};
use tokio::sync::OnceCell;

use super::*;

static SERVER: OnceCell<Postgres> = OnceCell::const_new();

/// A database of the test's own.
async fn scene(name: &str) -> Scene {
    let server = SERVER.get_or_init(Postgres::start).await;
    server.psql(&format!("CREATE DATABASE {name} OWNER steadfast")).await;
    Scene::new(&in_database(&server.url(), name)).await
}

/// The kit's URL, for another database.
fn in_database(url: &str, name: &str) -> String {
    format!("{}/{name}", url.strip_suffix("/steadfast").unwrap())
}

#[tokio::test]
async fn a_change_has_a_ticket_and_what_only_reads_has_none() {
    let scene = scene("changes").await;
    for statements in [&["SELECT 1"][..], &["SAVEPOINT a", "SELECT 1"], &["DELETE FROM numbers WHERE n = 99"]]
    {
        assert_eq!(scene.ticket_of(Box::leak(statements.to_vec().into())).await, None, "{statements:?}");
    }
    for statements in [
        &["INSERT INTO numbers VALUES (1)"][..],
        &["SELECT 1", "INSERT INTO numbers VALUES (1)"],
        &["WITH new AS (INSERT INTO numbers VALUES (1) RETURNING n) SELECT n FROM new"],
        &["CREATE TABLE more (n int)"],
        &["DO $$ BEGIN INSERT INTO numbers VALUES (1); END $$"],
        &["SAVEPOINT a", "INSERT INTO numbers VALUES (1)", "ROLLBACK TO a", "INSERT INTO numbers VALUES (2)"],
    ] {
        let ticket = scene.ticket_of(Box::leak(statements.to_vec().into())).await;
        let ticket = ticket.unwrap_or_else(|| panic!("no ticket for {statements:?}"));
        assert!(ticket.anchored, "the log bears the id: {statements:?} {ticket:?}");
        assert!(ticket.xid > 0 && ticket.process > 0 && ticket.witness.is_some(), "{ticket:?}");
    }
}

#[tokio::test]
async fn a_savepoint_does_not_change_the_id_by_which_the_whole_is_found() {
    let scene = scene("savepoints").await;
    let ids = Mutex::new((None, None));
    scene
        .write(async |tx| {
            tx.execute("SAVEPOINT a", &[]).await?;
            tx.execute("INSERT INTO numbers VALUES (1)", &[]).await?;
            let ticket = xid(&tx.ticket().unwrap());
            tx.execute("ROLLBACK TO a", &[]).await?;
            tx.execute("INSERT INTO numbers VALUES (2)", &[]).await?;
            let row = tx.query_one("SELECT pg_current_xact_id()::text AS id", &[]).await?;
            *ids.lock().unwrap() = (Some(ticket), Some(row.get::<String>("id")?));
            Ok(())
        })
        .await
        .unwrap();
    let (ticket, id) = ids.into_inner().unwrap();
    assert_eq!(ticket.unwrap().xid.to_string(), id.unwrap());
    let outcome = scene.database.resolve(&Ticket::Xid(ticket.unwrap()), soon()).await;
    assert_eq!(outcome, Outcome::Committed { durable: true });
}

/// What they store is not in the log, so that a standby would hand the id out again.
#[tokio::test]
async fn tables_of_which_the_log_holds_nothing_are_told_apart() {
    let scene = scene("unlogged").await;
    let temporary = ["CREATE TEMP TABLE t (n int)", "INSERT INTO t VALUES (1)"];
    assert!(scene.ticket_of(Box::leak(Box::new(temporary))).await.unwrap().anchored);
    scene.write(async |tx| tx.batch("CREATE UNLOGGED TABLE quick (n int)").await).await.unwrap();
    // Known from the connection's beginning on.
    scene.database.dispose();
    let before = scene.database.query("SELECT pg_current_wal_insert_lsn()::text AS lsn", &[], soon()).await;
    let ticket = scene.ticket_of(&["INSERT INTO quick VALUES (1)"]).await.unwrap();
    assert!(ticket.anchored);
    let before: String = before.unwrap()[0].get("lsn").unwrap();
    assert!(ticket.lsn > lsn(&before), "something was written to the log for it");
}

fn lsn(text: &str) -> u64 {
    let (high, low) = text.split_once('/').unwrap();
    u64::from_str_radix(high, 16).unwrap() << 32 | u64::from_str_radix(low, 16).unwrap()
}

/// A way on which the answer to the next COMMIT is lost.
async fn losing(name: &str) -> (Scene, Relay) {
    let server = SERVER.get_or_init(Postgres::start).await;
    let _created = scene(name).await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::new(&in_database(&relay.url_from(server), name)).await;
    relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(Ending::Rst));
    (scene, relay)
}

#[tokio::test]
async fn a_change_inside_a_function_is_asked_about_before_commit() {
    let (scene, relay) = losing("functions").await;
    relay.disarm_all();
    let function = "CREATE FUNCTION note(n bigint) RETURNS bigint LANGUAGE sql AS \
                    $$ INSERT INTO numbers VALUES (n) RETURNING n $$";
    scene.write(async |tx| tx.batch(function).await).await.unwrap();
    relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(Ending::Rst));
    scene.write(async |tx| tx.query("SELECT note(5)", &[]).await.map(drop)).await.unwrap();
    assert_eq!(scene.events.outcomes(), [Outcome::Committed { durable: true }]);
    assert_eq!(scene.numbers().await, [5]);
}

#[tokio::test]
async fn a_transaction_that_changed_nothing_is_run_again() {
    let (scene, _relay) = losing("nothing").await;
    let found = scene.write(async |tx| tx.execute("DELETE FROM numbers WHERE n = 99", &[]).await).await;
    assert_eq!(found.unwrap(), 0);
    assert_eq!((scene.events.retried(), scene.events.outcomes().len()), (1, 0), "nothing is in doubt");
}

#[tokio::test]
async fn a_notification_alone_is_given_an_id_and_not_sent_twice() {
    let (scene, relay) = losing("notify").await;
    let server = SERVER.get().unwrap();
    let url = in_database(&server.url(), "notify");
    let stream = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
    let config: tokio_postgres::Config = url.parse().unwrap();
    let (client, mut half) = config.connect_raw(stream, tokio_postgres::NoTls).await.unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    tokio::spawn(async move {
        use tokio_postgres::AsyncMessage;
        while let Some(Ok(message)) = std::future::poll_fn(|cx| half.poll_message(cx)).await {
            if let AsyncMessage::Notification(notification) = message {
                hears.lock().unwrap().push(notification.payload().to_owned());
            }
        }
    });
    client.batch_execute("LISTEN news").await.unwrap();
    scene.write(async |tx| tx.execute("NOTIFY news, 'once'", &[]).await.map(drop)).await.unwrap();
    assert_eq!(scene.events.outcomes(), [Outcome::Committed { durable: true }]);
    relay.disarm_all();
    scene.write(async |tx| tx.execute("NOTIFY news, 'last'", &[]).await.map(drop)).await.unwrap();
    steadfast_test::eventually("the last one is heard", SOON, async || {
        heard.lock().unwrap().last().is_some_and(|payload| payload == "last")
    })
    .await;
    assert_eq!(*heard.lock().unwrap(), ["once", "last"]);
}

#[tokio::test]
async fn a_deferred_constraint_is_a_clear_answer_of_commit_itself() {
    let scene = scene("deferred").await;
    let create = "CREATE TABLE unique_later (a int CONSTRAINT later UNIQUE DEFERRABLE INITIALLY DEFERRED)";
    scene.write(async |tx| tx.batch(create).await).await.unwrap();
    let error = scene
        .write(async |tx| tx.execute("INSERT INTO unique_later VALUES (1), (1)", &[]).await)
        .await
        .unwrap_err();
    assert_eq!((error.verdict(), error.fault().unwrap().code()), (Verdict::GiveUp, Some("23505")), "{error}");
    assert_eq!(scene.events.outcomes(), []);
}

/// Another server decides, and this one gives no id.
#[tokio::test]
async fn rows_of_a_foreign_table_leave_the_outcome_unknown_and_are_not_written_again() {
    let server = SERVER.get_or_init(Postgres::start).await;
    let (scene, relay) = losing("foreign_rows").await;
    relay.disarm_all();
    let there = "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'";
    if server.psql(there).await == "0" {
        eprintln!("skipped: this PostgreSQL comes without postgres_fdw");
        return;
    }
    let other = Postgres::start().await;
    other.psql("CREATE TABLE far (n bigint); GRANT ALL ON far TO steadfast").await;
    let superuser = server.url().replacen("steadfast@", "postgres@", 1);
    let superuser = in_database(&superuser, "foreign_rows");
    let superuser = Scene::bare(&superuser);
    let made: Result<(), Error> = superuser
        .write(async |tx| {
            tx.batch(&format!(
            "CREATE EXTENSION postgres_fdw; CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS \
             (host '127.0.0.1', port '{}', dbname 'steadfast'); CREATE USER MAPPING FOR steadfast SERVER other OPTIONS \
             (user 'steadfast', password_required 'false'); CREATE FOREIGN TABLE far (n bigint) SERVER other; \
             GRANT ALL ON far TO steadfast",
            other.port()
            ))
            .await
        })
        .await;
    made.unwrap();
    relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(Ending::Rst));
    let error =
        scene.write(async |tx| tx.execute("INSERT INTO far VALUES (1)", &[]).await).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::OutcomeUnknown, "{error}");
    assert!(error.to_string().contains("another server"), "{error}");
    assert_eq!(other.psql("SELECT count(*) FROM far").await, "1");
}

#[tokio::test]
async fn what_must_not_happen_twice_is_not_run_again_though_nothing_was_committed() {
    let (scene, relay) = losing("once").await;
    relay.disarm_all();
    for by_option in [true, false] {
        relay.arm(Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT").ending(Ending::Rst));
        let runs = Mutex::new(0);
        let options = TransactionOptions::default();
        let options = if by_option { options.once() } else { options };
        let result: Result<u64, Error> = scene
            .database
            .transaction(options, soon(), async |tx| {
                *runs.lock().unwrap() += 1;
                if !by_option {
                    tx.once();
                }
                tx.execute("INSERT INTO numbers VALUES (1)", &[]).await
            })
            .await;
        let error = result.unwrap_err();
        assert_eq!(error.verdict(), Verdict::RetryElsewhere, "found out: not committed; {error}");
        assert_eq!(runs.into_inner().unwrap(), 1);
    }
    assert_eq!(scene.numbers().await, Vec::<i64>::new());
}

#[tokio::test]
async fn a_retry_budget_is_kept() {
    let scene = scene("budget").await;
    let runs = Mutex::new(0);
    let result: Result<(), Error> = scene
        .database
        .transaction(TransactionOptions::default().max_retries(2), soon(), async |tx| {
            *runs.lock().unwrap() += 1;
            tx.batch("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$").await
        })
        .await;
    assert_eq!((result.unwrap_err().fault().unwrap().code(), runs.into_inner().unwrap()), (Some("40001"), 3));
}

/// Without a guard nothing is asked, and nothing is pretended.
#[tokio::test]
async fn without_a_guard_a_lost_answer_stays_unknown() {
    let (scene, _relay) = losing("unguarded").await;
    let options = TransactionOptions::default().guard(steadfast::sql::Guard::Off);
    let result: Result<u64, Error> = scene
        .database
        .transaction(options, soon(), async |tx| tx.execute("INSERT INTO numbers VALUES (1)", &[]).await)
        .await;
    let error = result.unwrap_err();
    assert_eq!((error.verdict(), error.ticket()), (Verdict::OutcomeUnknown, None), "{error}");
}
