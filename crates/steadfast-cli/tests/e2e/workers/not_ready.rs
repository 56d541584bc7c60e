//! A worker that lives and is not ready takes no clients while others serve: they would only be told to come again.

use std::time::Duration;

use super::support::{assert_listener_never_closed, kill, two_workers, workers};
use crate::support::{Load, SOON};
use steadfast_test::{Postgres, Signal, eventually};
use tokio::task::JoinSet;

/// Locks the table that a service reads before it is ready; nobody else needs it.
async fn nobody_becomes_ready(postgres: std::sync::Arc<Postgres>) -> JoinSet<()> {
    let mut holding = JoinSet::new();
    let server = std::sync::Arc::clone(&postgres);
    holding.spawn(async move {
        let sql = "SET application_name = 'locker'; LOCK TABLE steadfast_schema; SELECT pg_sleep(600)";
        let _ended_by_the_test = server.try_psql(sql).await;
    });
    let held =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'locker' AND wait_event = 'PgSleep'";
    eventually("the table is locked", SOON, async || postgres.psql(held).await == "1").await;
    holding
}

async fn not_ready_after(event: Signal, told: &str) {
    let (postgres, service) = two_workers(&[("STEADFAST_WORKER_READY_TIMEOUT", "3")]).await;
    let holding = nobody_becomes_ready(std::sync::Arc::clone(&postgres)).await;
    let load = Load::start(service.client);
    service.process.signal(event);
    service.process.wait_for_line(told, SOON).await;
    load.goes_on_for(Duration::from_millis(500)).await;
    let record = load.stop().await;
    record.print(&format!("{event:?}, and the new worker is alive but not ready"));
    record.assert_no_failures();
    drop(holding);
}

#[tokio::test]
async fn a_reload_that_waits_for_the_database_turns_nobody_away() {
    not_ready_after(Signal::HUP, "the new worker did not become ready").await;
}

#[tokio::test]
async fn a_new_program_that_waits_for_the_database_turns_nobody_away() {
    not_ready_after(Signal::USR2, "the new program did not become ready").await;
}

#[tokio::test]
async fn a_replacement_that_waits_for_the_database_turns_nobody_away() {
    let (postgres, service) = two_workers(&[]).await;
    let holding = nobody_becomes_ready(std::sync::Arc::clone(&postgres)).await;
    let load = Load::start(service.client);
    let before = load.now();
    kill(&workers(service.client).await[0]).await;
    let after = load.now();
    load.goes_on_for(Duration::from_secs(2)).await;
    let record = load.stop().await;
    assert_listener_never_closed(&record);
    for shot in record.failures() {
        assert!(
            shot.began <= after && shot.ended >= before,
            "killed between {before:?} and {after:?}: {shot:?}"
        );
    }
    postgres.terminate_backends("locker").await;
    drop(holding);
    super::support::all_ready(service.client, 2).await;
}
