//! PgBouncer in between.

use steadfast_diagnose::{Options, Verdict};
use steadfast_test::{Mode, PgBouncer, Postgres};

use crate::support::{broken, evidence, finding, page, run_with, snapshot};

fn only(options: &mut Options) {
    options.only = ["authentication", "pooler", "capacity", "features"].map(str::to_owned).to_vec();
}

#[tokio::test]
async fn a_transaction_pooler_is_recognised_and_so_is_what_it_forgets() {
    let server = Postgres::start().await;
    let pooler = PgBouncer::before(&server, "").await;
    let report = run_with(&pooler.url(), only).await;
    assert_eq!(evidence(&report, "pooler", "pooler"), "Flag(true)", "{}", page(&report));
    assert_eq!(evidence(&report, "features", "prepared statements last"), "Flag(false)", "{}", page(&report));
    broken(&report, "features", Some("prepared-statement-missing"));
    snapshot!("pgbouncer", report);
    let heeded = run_with(&(pooler.url() + "?statement_cache=0"), only).await;
    assert!(heeded.verdict() < Verdict::Failure, "{}", page(&heeded));
    assert_eq!(finding(&heeded, "features").verdict(), Verdict::Ok, "{}", page(&heeded));
}

#[tokio::test]
async fn a_pooler_without_a_database_behind_it_and_one_that_does_not_know_the_database() {
    let server = Postgres::start().await;
    let pooler = PgBouncer::before(&server, "server_login_retry = 1\nquery_wait_timeout = 2").await;
    let unknown = pooler.url().trim_end_matches("steadfast").to_owned() + "other";
    let report = run_with(&unknown, only).await;
    broken(&report, "authentication", Some("pooler-database-unknown"));
    server.stop(Mode::Immediate).await;
    let report = run_with(&(pooler.url() + "?connect_timeout=4"), only).await;
    assert_eq!(report.verdict(), Verdict::Failure, "{}", page(&report));
}

#[tokio::test]
async fn a_proxy_is_told_from_a_pooler() {
    let server = Postgres::start().await;
    let relay = steadfast_test::Relay::to(server.addr()).await;
    let report = run_with(&relay.url_from(&server), only).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    assert!(page(&report).contains("a proxy or address translation"), "{}", page(&report));
    let direct = run_with(&server.url(), only).await;
    assert!(page(&direct).contains("connected directly"), "{}", page(&direct));
}
