//! SIGHUP replaces the workers one by one.

use std::time::Duration;

use super::support::{OwnProgram, ROLLED, all_ready, print_row, start, two_workers, workers};
use crate::support::{Load, SOON, ledger};
use steadfast_test::{Postgres, Signal};

#[tokio::test]
async fn a_reload_under_load_loses_no_request() {
    let (postgres, service) = two_workers(&[]).await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(1)).await;
    let begun = load.now();
    service.process.signal(Signal::HUP);
    service.process.wait_for_line("all workers are replaced", ROLLED).await;
    let took = load.now() - begun;
    load.goes_on_for(Duration::from_secs(1)).await;
    let record = load.stop().await;
    print_row("HUP, both workers replaced", &record, Some(took));
    record.assert_no_failures();
    assert_eq!(record.unknown(), 0);
    ledger::check(&postgres, &record).await;
    let incarnations: Vec<_> = all_ready(service.client, 2).await.iter().map(|w| w.incarnation).collect();
    assert_eq!(incarnations, [3, 4]);
}

async fn a_reload_that_fails(script: &str, why: &str) {
    let postgres = Postgres::start().await;
    let program = OwnProgram::new();
    let service = start(&postgres, &program.path, &[("STEADFAST_WORKER_READY_TIMEOUT", "5")]).await;
    let before = workers(service.client).await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_millis(500)).await;
    program.spoil(script);
    service.process.signal(Signal::HUP);
    let line = service.process.wait_for_line("the new worker did not become ready", SOON).await;
    assert!(line.contains(why), "{line}");
    assert_eq!(all_ready(service.client, 2).await, before, "the old ones stay");
    let record = load.stop().await;
    print_row(&format!("HUP, the new worker: {script}"), &record, None);
    record.assert_no_failures();

    program.mend();
    service.process.signal(Signal::HUP);
    service.process.wait_for_line("all workers are replaced", ROLLED).await;
}

#[tokio::test]
async fn a_new_worker_that_dies_leaves_the_old_ones_where_they_are() {
    a_reload_that_fails("exit 1", "exit code 1").await;
}

#[tokio::test]
async fn a_new_worker_that_never_becomes_ready_leaves_the_old_ones_where_they_are() {
    a_reload_that_fails("exec sleep 60", "not ready within 5 s").await;
}
