//! Fear: the transaction is still there when its outcome is asked for.

use steadfast::outcome::Doubt;
use steadfast::{Verdict, params};
use steadfast_test::{Cut, Direction, Ending, eventually};
use tokio::sync::oneshot;

use super::*;

/// Begins a transaction that stays open, and gives its ticket. It ends when the sender is dropped or used.
async fn open_one(
    scene: &Scene,
) -> (Ticket, oneshot::Sender<()>, tokio::task::JoinHandle<Result<(), Error>>) {
    let (tell, told) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let channels = Mutex::new(Some((tell, ended)));
    let database = scene.database.clone();
    let task = tokio::spawn(async move {
        let options = TransactionOptions::default().once();
        database
            .transaction(options, soon(), async |tx| {
                let (tell, ended) = channels.lock().unwrap().take().unwrap();
                tx.execute("INSERT INTO numbers VALUES (1)", &[]).await?;
                tell.send(tx.ticket().unwrap()).unwrap();
                let _dropped_or_used = ended.await;
                Ok(())
            })
            .await
    });
    (told.await.unwrap(), end, task)
}

#[tokio::test]
async fn looking_it_up_ends_nothing_and_resolving_ends_exactly_that_transaction() {
    let server = Postgres::start().await;
    let scene = Scene::new(&server.url()).await;
    let (ticket, end, task) = open_one(&scene).await;
    let other = open_one(&scene).await;
    let moment = Some(Instant::now() + Duration::from_millis(300));
    assert_eq!(scene.database.look_up(&ticket, moment).await, Outcome::Unknown(Doubt::StillRunning));
    assert_eq!(scene.database.resolve(&ticket, soon()).await, Outcome::NotCommitted);
    assert_eq!(scene.events.fenced(), 1);
    drop(end);
    assert!(task.await.unwrap().is_err(), "it was ended");
    other.1.send(()).unwrap();
    other.2.await.unwrap().unwrap();
    assert_eq!(scene.numbers().await, [1], "the other one was left alone");
    let committed = Outcome::Committed { durable: true };
    assert_eq!(scene.database.resolve(&other.0, soon()).await, committed);
    assert_eq!(scene.database.look_up(&other.0, soon()).await, committed);
    assert_eq!(scene.database.resolve(&ticket, soon()).await, Outcome::NotCommitted, "the same again");
}

/// The server hears nothing of the end of the connection, and keeps the transaction and its locks.
#[tokio::test]
async fn a_commit_that_is_held_up_on_the_way_is_fenced_and_can_commit_no_more() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::new(&relay.url_from(&server)).await;
    relay.arm(Cut::on_message(Direction::ToServer, b'Q').with_text("COMMIT").ending(Ending::Ghost));
    scene.write(async |tx| tx.execute("INSERT INTO numbers VALUES (7)", &[]).await).await.unwrap();
    assert_eq!(scene.events.outcomes(), [Outcome::NotCommitted]);
    assert_eq!((scene.events.fenced(), scene.events.retried()), (1, 1));
    assert_eq!(scene.numbers().await, [7]);
}

#[tokio::test]
async fn a_prepared_transaction_is_named_and_nobody_decides_for_it() {
    let server = Postgres::builder().setting("max_prepared_transactions", "2").start().await;
    let scene = Scene::new(&server.url()).await;
    let mut lease = scene.database.postgres().unwrap().acquire().await.unwrap();
    use steadfast::sql::SqlConnection as _;
    lease.begin(TransactionOptions::default()).await.unwrap();
    lease.execute("INSERT INTO numbers VALUES ($1)", &params![1]).await.unwrap();
    let ticket = lease.ticket().unwrap();
    lease.client().batch_execute("PREPARE TRANSACTION 'order 7'").await.unwrap();
    drop(lease);
    let outcome = scene.database.resolve(&ticket, soon()).await;
    assert_eq!(outcome, Outcome::Unknown(Doubt::Prepared { gid: "order 7".to_owned() }));
    server.psql("COMMIT PREPARED 'order 7'").await;
    assert_eq!(scene.database.resolve(&ticket, soon()).await, Outcome::Committed { durable: true });
}

#[tokio::test]
async fn who_may_not_see_the_transaction_does_not_guess() {
    let server = Postgres::start().await;
    let scene = Scene::new(&server.url()).await;
    server.psql("CREATE ROLE stranger LOGIN").await;
    let stranger = Scene::bare(&server.url().replace("steadfast@", "stranger@"));
    let (ticket, end, task) = open_one(&scene).await;
    let moment = Some(Instant::now() + Duration::from_millis(300));
    assert_eq!(stranger.database.resolve(&ticket, moment).await, Outcome::Unknown(Doubt::StillRunning));
    end.send(()).unwrap();
    task.await.unwrap().unwrap();
    let outcome = stranger.database.resolve(&ticket, soon()).await;
    assert_eq!(outcome, Outcome::Committed { durable: true }, "whoever may connect may ask for the status");
}

#[tokio::test]
async fn another_cluster_and_a_standby_are_not_believed() {
    let server = Postgres::start().await;
    let scene = Scene::new(&server.url()).await;
    let standby = server.standby().await;
    let (ticket, end, task) = open_one(&scene).await;
    end.send(()).unwrap();
    task.await.unwrap().unwrap();
    standby.wait_until_caught_up_with(&server).await;
    // The kit's servers are copies of one, so the ticket is made another cluster's.
    let mut of_another = xid(&ticket);
    of_another.system += 1;
    let outcome = scene.database.resolve(&Ticket::Xid(of_another), soon()).await;
    assert_eq!(outcome, Outcome::Unknown(Doubt::OtherCluster));
    let reading = Scene::bare(&standby.url());
    let moment = Some(Instant::now() + Duration::from_millis(700));
    let outcome = reading.database.resolve(&ticket, moment).await;
    assert!(matches!(outcome, Outcome::Unknown(Doubt::NotReached { .. })), "{outcome:?}");
}

/// FATAL in place of an answer: the transaction is ended while COMMIT is being carried out.
#[tokio::test]
async fn a_fatal_instead_of_the_answer_is_no_answer() {
    let server = Postgres::start().await;
    let scene = Scene::new(&server.url()).await;
    scene
        .write(async |tx| {
            tx.batch(
                "CREATE TABLE slow (n int); CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN IF (SELECT count(*) FROM slow) = 1 THEN PERFORM pg_sleep(600); END IF; RETURN NULL; END $$; \
                 CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED \
                 FOR EACH ROW EXECUTE FUNCTION dawdle()",
            )
            .await
        })
        .await
        .unwrap();
    let database = scene.database.clone();
    let task = tokio::spawn(async move {
        let done: Result<u64, Error> = database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                tx.execute("INSERT INTO slow VALUES (1)", &[]).await
            })
            .await;
        done
    });
    let stuck = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    eventually("COMMIT is being carried out", SOON, async || server.psql(stuck).await == "1").await;
    // So that the next attempt finds a row and does not dawdle.
    server.psql("INSERT INTO slow VALUES (0), (0)").await;
    server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").await;
    assert_eq!(task.await.unwrap().unwrap(), 1);
    assert_eq!(scene.events.outcomes(), [Outcome::NotCommitted]);
    assert_eq!(server.psql("SELECT count(*) FROM slow WHERE n = 1").await, "1");
}

/// The answer is lost, and so is the way to ask: an honest answer, and a ticket that knows later.
#[tokio::test]
async fn what_cannot_be_asked_in_time_is_unknown_and_the_ticket_knows_later() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    let scene = Scene::single(&relay, &server).await;
    relay.arm(Cut::on_message(Direction::ToClient, b'C').with_text("COMMIT").ending(Ending::Rst));
    let error = scene.write_with_no_other_way(&relay, Duration::from_millis(500)).await;
    assert_eq!(error.verdict(), Verdict::OutcomeUnknown, "{error}");
    assert!(error.fault().unwrap().doubt().unwrap().may_clear_up(), "{error}");
    assert!(error.to_string().contains("steadfast resolve sfx1"), "{error}");
    let ticket: Ticket = error.ticket().unwrap().to_string().parse().unwrap();
    let direct = Scene::bare(&server.url());
    assert_eq!(direct.database.resolve(&ticket, soon()).await, Outcome::Committed { durable: true });
}
