//! Paths that are long, or forget connections on which nothing is said.

use std::path::PathBuf;
use std::time::Duration;

use steadfast_diagnose::{Options, Report, Verdict};
use steadfast_test::{Ending, Postgres, Relay};

use crate::support::{evidence, finding, page, run_with, snapshot, warns};

/// The longest idleness that is tried; the path forgets a little after half of it.
const LIMIT: Duration = Duration::from_millis(1600);
const FORGETS_AFTER: Duration = Duration::from_millis(1000);

fn probe(state: Option<PathBuf>) -> impl FnOnce(&mut Options) {
    |options| {
        options.only = ["authentication", "idle-limit"].map(str::to_owned).to_vec();
        options.idle_probe = Some(LIMIT);
        options.idle_state = state;
    }
}

async fn forgetting(ending: Ending) -> Report {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    relay.set_idle_limit(Some((FORGETS_AFTER, ending)));
    run_with(&relay.url_from(&server), probe(None)).await
}

#[tokio::test]
async fn a_path_that_closes_idle_connections_in_order() {
    let report = forgetting(Ending::Fin).await;
    warns(&report, "idle-limit", Some("closed-unexpectedly"));
    assert!(evidence(&report, "idle-limit", "with TCP keepalives").contains("FIN"), "{}", page(&report));
    snapshot!("idle_limit_fin", report);
}

#[tokio::test]
async fn a_path_that_resets_idle_connections() {
    let report = forgetting(Ending::Rst).await;
    warns(&report, "idle-limit", Some("connection-reset"));
    assert!(evidence(&report, "idle-limit", "without keepalives").contains("RST"), "{}", page(&report));
}

#[tokio::test]
async fn a_path_that_forgets_without_a_word() {
    let report = forgetting(Ending::Silence).await;
    warns(&report, "idle-limit", Some("silent-path"));
    assert!(
        evidence(&report, "idle-limit", "with TCP keepalives").contains("without a word"),
        "{}",
        page(&report)
    );
}

#[tokio::test]
async fn the_servers_own_limit_is_told_from_the_paths() {
    let server = Postgres::builder().setting("idle_session_timeout", "1s").start().await;
    if server.version() < 14 {
        return;
    }
    let report = run_with(&server.url(), probe(None)).await;
    warns(&report, "idle-limit", Some("idle-session-timeout"));
}

#[tokio::test]
async fn a_path_that_remembers_is_well_and_what_was_measured_is_not_measured_again() {
    let server = Postgres::start().await;
    let file = std::env::temp_dir().join(format!("steadfast-idle-{}.json", std::process::id()));
    let report = run_with(&server.url(), probe(Some(file.clone()))).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    let again = run_with(&server.url(), probe(Some(file.clone()))).await;
    assert_eq!(evidence(&again, "idle-limit", "measured in an earlier run"), "Count(8)");
    assert!(finding(&again, "idle-limit").took < LIMIT, "nothing is left to wait for");
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_long_path_is_named() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    relay.set_latency(Duration::from_millis(40), Duration::ZERO);
    let only =
        |options: &mut Options| options.only = ["authentication", "latency"].map(str::to_owned).to_vec();
    let report = run_with(&relay.url_from(&server), only).await;
    warns(&report, "latency", None);
    assert!(page(&report).contains("a round trip takes"), "{}", page(&report));
    let near = run_with(&server.url(), only).await;
    assert!(!page(&near).contains("a round trip takes"), "{}", page(&near));
}
