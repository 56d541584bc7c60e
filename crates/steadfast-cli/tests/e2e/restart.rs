//! A restart of PostgreSQL under load is not a failed request for anybody.

use std::time::Duration;

use crate::support::{Load, Service, ledger};
use steadfast_test::{Mode, Postgres};

async fn restart_under_load(mode: Mode) {
    let postgres = Postgres::start().await;
    let service = Service::seeded(&postgres, &postgres.url(), &[]).await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_millis(1500)).await;
    postgres.restart(mode).await;
    load.goes_on_for(Duration::from_secs(2)).await;
    let record = load.stop().await;
    record.print(&format!("restart -m {mode:?}"));
    record.assert_no_failures();
    ledger::check(&postgres, &record).await;
    assert!(record.unknown() <= AT_ONCE, "only a COMMIT under way at that moment can be in doubt");
}

/// No more COMMITs than there are connections can be under way at one moment.
const AT_ONCE: usize = 15;

#[tokio::test]
async fn a_fast_restart_fails_no_request() {
    restart_under_load(Mode::Fast).await;
}

#[tokio::test]
async fn an_immediate_restart_with_recovery_fails_no_request() {
    restart_under_load(Mode::Immediate).await;
}

#[tokio::test]
async fn an_outage_of_five_seconds_is_a_wait_and_no_failure() {
    let postgres = Postgres::start().await;
    let service = Service::seeded(&postgres, &postgres.url(), &[]).await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_secs(1)).await;
    postgres.stop(Mode::Fast).await;
    load.goes_on_for(Duration::from_secs(5)).await;
    postgres.start_again().await;
    let back = load.now();
    load.goes_on_for(Duration::from_secs(3)).await;
    let record = load.stop().await;
    record.print("stopped for 5 s");
    record.print_seconds();
    record.assert_no_failures();
    ledger::check(&postgres, &record).await;
    let served = record.shots.iter().filter(|shot| shot.is_good() && shot.ended > back);
    let first = served.map(|shot| shot.ended).min().unwrap() - back;
    println!("measured: stopped for 5 s: served {first:?} after it was back");
    assert!(first < Duration::from_secs(1), "served {first:?} after it was back");
}
