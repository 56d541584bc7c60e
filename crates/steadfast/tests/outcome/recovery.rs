//! Fear: the server has crashed since, and hands out the same transaction id again.

use steadfast::outcome::Doubt;
use steadfast_test::{Mode, eventually};

use super::*;

/// A server that writes its log only when it must, so that a crash loses the transaction ids in the end of it.
async fn forgetful() -> Postgres {
    Postgres::builder().setting("wal_writer_delay", "10s").setting("autovacuum", "off").start().await
}

/// Recovery in place: the postmaster lives on, and so does the timeline.
async fn crash(server: &Postgres, scene: &Scene) {
    let helper = server.psql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'").await;
    server.kill_9_backend(helper.trim().parse().unwrap());
    let question = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'";
    eventually("the server has recovered", SOON, async || {
        server.try_psql(question).await.is_ok_and(|pid| !pid.trim().is_empty() && pid != helper)
    })
    .await;
    scene.database.query("SELECT 1", &[], soon()).await.unwrap();
}

#[tokio::test]
async fn an_id_that_was_handed_out_again_is_not_taken_for_ours() {
    let server = forgetful().await;
    let scene = Scene::new(&server.url()).await;
    server.psql("CHECKPOINT").await;
    // Never committed, and lost in the crash with all that knew of them; the last one is ours.
    let mut ours = scene.ticket_of(&["INSERT INTO numbers VALUES (1)"]).await.unwrap();
    for _ in 0..5 {
        ours = scene.ticket_of(&["INSERT INTO numbers VALUES (1)"]).await.unwrap();
    }
    crash(&server, &scene).await;
    let another = scene.ticket_of(&["INSERT INTO numbers VALUES (2)"]).await.unwrap();
    assert!(another.xid < ours.xid, "the crash has lost the id: {another:?}");
    // Others work on until somebody has our id, and commits.
    let status = format!("SELECT pg_xact_status('{}'::xid8)", ours.xid);
    let one = async || scene.write(async |tx| tx.execute("INSERT INTO numbers VALUES (3)", &[]).await).await;
    eventually("our id was handed out again", SOON, async || {
        one().await.unwrap();
        server.try_psql(&status).await.is_ok_and(|status| status == "committed")
    })
    .await;
    let outcome = scene.database.resolve(&Ticket::Xid(ours), soon()).await;
    assert_eq!(outcome, Outcome::NotCommitted, "the log of before ends before our commit");
}

#[tokio::test]
async fn an_id_that_was_not_handed_out_again_yet_was_not_committed() {
    let server = forgetful().await;
    let scene = Scene::new(&server.url()).await;
    server.psql("CHECKPOINT").await;
    let ours = scene.ticket_of(&["INSERT INTO numbers VALUES (1)"]).await.unwrap();
    crash(&server, &scene).await;
    let outcome = scene.database.resolve(&Ticket::Xid(ours), soon()).await;
    assert_eq!(outcome, Outcome::NotCommitted);
}

#[tokio::test]
async fn what_was_committed_before_a_crash_is_unknown_and_before_a_clean_restart_is_known() {
    let server = Postgres::start().await;
    let scene = Scene::new(&server.url()).await;
    let ticket = scene.committed(TransactionOptions::default(), ONE).await;
    let committed = Outcome::Committed { durable: true };
    assert_eq!(scene.database.resolve(&ticket, soon()).await, committed);
    server.restart(Mode::Fast).await;
    assert_eq!(scene.database.resolve(&ticket, soon()).await, committed, "a clean restart changes nothing");
    server.restart(Mode::Immediate).await;
    assert_eq!(scene.database.resolve(&ticket, soon()).await, Outcome::Unknown(Doubt::Recovered));
    assert_eq!(scene.numbers().await, [1]);
}

/// A witness that was reset by hand is no crash.
#[tokio::test]
async fn statistics_that_were_reset_by_hand_make_nobody_say_that_it_was_not_committed() {
    let server = Postgres::start().await;
    // So that the server knows of a recovery, as one that was promoted once always does.
    server.restart(Mode::Immediate).await;
    let scene = Scene::new(&server.url()).await;
    let ticket = scene.committed(TransactionOptions::default(), ONE).await;
    assert!(xid(&ticket).recovered_to.is_some());
    server.psql("SELECT pg_stat_reset_shared('bgwriter')").await;
    assert_eq!(scene.database.resolve(&ticket, soon()).await, Outcome::Unknown(Doubt::Recovered));
}
