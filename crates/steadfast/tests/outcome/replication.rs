//! Fear: a commit waits for its synchronous standby, and is taken for one that can still be undone.

use steadfast::outcome::Doubt;
use steadfast_test::eventually;

use super::*;

async fn waits(server: &Postgres) -> bool {
    server.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").await != "0"
}

#[tokio::test]
async fn a_wait_for_a_synchronous_standby_is_never_ended_and_known_when_it_is_over() {
    let server = Postgres::start().await;
    let scene = Scene::new(&server.url()).await;
    server.set("synchronous_standby_names", "nobody").await;
    let ticket = Arc::new(Mutex::new(None));
    let (database, taken) = (scene.database.clone(), Arc::clone(&ticket));
    let task = tokio::spawn(async move {
        let done: Result<(), Error> = database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                tx.execute("INSERT INTO numbers VALUES (1)", &[]).await?;
                *taken.lock().unwrap() = tx.ticket();
                Ok(())
            })
            .await;
        done
    });
    eventually("COMMIT waits for the standby", SOON, async || waits(&server).await).await;
    let ticket = ticket.lock().unwrap().clone().unwrap();
    let moment = Some(Instant::now() + Duration::from_millis(500));
    assert_eq!(scene.database.resolve(&ticket, moment).await, Outcome::Unknown(Doubt::AwaitsReplication));
    assert_eq!(scene.events.fenced(), 0);
    assert!(waits(&server).await, "it was left alone");
    server.set("synchronous_standby_names", "").await;
    task.await.unwrap().unwrap();
    assert_eq!(scene.database.resolve(&ticket, soon()).await, Outcome::Committed { durable: true });
}

#[tokio::test]
async fn a_cancelled_wait_is_told_for_a_failover_would_lose_the_commit() {
    let server = Postgres::start().await;
    let scene = Scene::new(&server.url()).await;
    server.set("synchronous_standby_names", "nobody").await;
    let database = scene.database.clone();
    let task = tokio::spawn(async move {
        let done: Result<u64, Error> = database
            .transaction(TransactionOptions::default(), soon(), async |tx| {
                tx.execute("INSERT INTO numbers VALUES (1)", &[]).await
            })
            .await;
        done
    });
    eventually("COMMIT waits for the standby", SOON, async || waits(&server).await).await;
    server.psql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").await;
    assert_eq!(task.await.unwrap().unwrap(), 1, "it is committed, here");
    assert_eq!(scene.events.count(|event| matches!(event, Event::CommittedUnreplicated)), 1);
    server.set("synchronous_standby_names", "").await;
}

/// Without its standby nothing can be confirmed, and that takes a moment and not for ever.
#[tokio::test]
async fn a_commit_that_cannot_be_confirmed_is_told_as_committed_and_not_durable() {
    let server = Postgres::start().await;
    let scene = Scene::new(&server.url()).await;
    let ticket = scene.committed(TransactionOptions::default(), ONE).await;
    server.set("synchronous_standby_names", "nobody").await;
    assert_eq!(scene.database.resolve(&ticket, soon()).await, Outcome::Committed { durable: false });
    server.set("synchronous_standby_names", "").await;
    assert_eq!(scene.database.resolve(&ticket, soon()).await, Outcome::Committed { durable: true });
}

/// Nobody has promised that it survives; whoever asks makes it so.
#[tokio::test]
async fn a_commit_that_did_not_wait_for_the_disk_is_made_durable_by_asking() {
    let server = Postgres::builder().setting("wal_writer_delay", "10s").fsync(true).start().await;
    let scene = Scene::new(&server.url()).await;
    let not_waiting = "SET LOCAL synchronous_commit = off; INSERT INTO numbers VALUES (1)";
    let ticket = scene.committed(TransactionOptions::default(), not_waiting).await;
    assert_eq!(scene.database.resolve(&ticket, soon()).await, Outcome::Committed { durable: true });
    let flushed = server.psql("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn").await;
    assert!(flushed.trim().parse::<u64>().unwrap() > xid(&ticket).lsn, "{flushed}");
}
