//! A server that crashes, in one process or as a whole, and recovers is a wait and no failure.

use std::time::Duration;

use crate::support::{Load, Service, ledger};
use steadfast_test::Postgres;

/// No more COMMITs than there are connections can be under way at one moment.
const AT_ONCE: usize = 15;

/// Under load, with a crash in the middle.
async fn under_load(story: &str, crash: impl AsyncFnOnce(&Postgres)) {
    let postgres = Postgres::start().await;
    let service = Service::seeded(&postgres, &postgres.url(), &[]).await;
    let load = Load::start(service.client);
    load.goes_on_for(Duration::from_millis(1500)).await;
    crash(&postgres).await;
    load.goes_on_for(Duration::from_secs(2)).await;
    let record = load.stop().await;
    record.print(story);
    record.assert_no_failures();
    ledger::check(&postgres, &record).await;
    assert!(record.unknown() <= AT_ONCE, "only a COMMIT under way at that moment can be in doubt");
}

#[tokio::test]
async fn a_crash_in_one_session_ends_all_of_them_and_fails_no_request() {
    under_load("one backend killed -9", async |postgres| {
        let backends = postgres.backends("steadfast").await.pids;
        postgres.kill_9_backend(*backends.first().unwrap());
        postgres.wait_until_accepts().await;
    })
    .await;
}

#[tokio::test]
async fn a_server_killed_as_a_whole_and_started_again_fails_no_request() {
    under_load("postmaster killed -9 and started again", async |postgres| {
        postgres.kill_9_postmaster().await;
        postgres.start_again().await;
    })
    .await;
}
