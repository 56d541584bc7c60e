//! Tables that are missing, locked, slow, or may not be read.

use std::time::Duration;

use steadfast_diagnose::{Options, Verdict};
use steadfast_test::Postgres;

use crate::support::{broken, connect, evidence, finding, page, run_with, snapshot, warns};

fn look(checks: &[&str], tables: &[&str]) -> impl FnOnce(&mut Options) {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let (only, tables) = (texts(checks), texts(tables));
    |options| (options.only, options.tables) = (only, tables)
}

async fn server() -> Postgres {
    let server = Postgres::start().await;
    server.psql("CREATE ROLE alice LOGIN; CREATE TABLE users (id serial PRIMARY KEY, name text); CREATE TABLE audit (id int); GRANT SELECT ON audit TO alice; CREATE SCHEMA hidden; CREATE TABLE hidden.notes (id int)").await;
    server
}

fn url(server: &Postgres) -> String {
    format!("postgres://alice@127.0.0.1:{}/steadfast", server.port())
}

#[tokio::test]
async fn a_table_that_is_missing() {
    let server = server().await;
    let report =
        run_with(&url(&server), look(&["authentication", "tables"], &["users", "orders", "no such; name"]))
            .await;
    broken(&report, "tables", Some("relation-unknown"));
    snapshot!("missing_table", report);
}

#[tokio::test]
async fn a_right_that_is_missing() {
    let server = server().await;
    let report =
        run_with(&url(&server), look(&["authentication", "privileges"], &["users", "audit", "hidden.notes"]))
            .await;
    broken(&report, "privileges", Some("permission-denied"));
    snapshot!("missing_privilege", report);
    let reads = run_with(&url(&server), look(&["authentication", "privileges"], &["audit"])).await;
    warns(&reads, "privileges", Some("permission-denied"));
}

#[tokio::test]
async fn a_query_that_is_slow() {
    let server = server().await;
    server.psql("CREATE VIEW slow AS SELECT pg_sleep(0.8)::text AS slept; CREATE VIEW endless AS SELECT pg_sleep(60)::text AS slept; GRANT SELECT ON slow, endless TO alice").await;
    let report = run_with(&url(&server), look(&["authentication", "queries"], &["slow", "endless"])).await;
    warns(&report, "queries", Some("statement-timeout"));
    assert_eq!(finding(&report, "queries").outcome.problems.len(), 2, "{}", page(&report));
    assert!(report.took < Duration::from_secs(15), "the cost is bounded");
    snapshot!("slow_query", report);
}

#[tokio::test]
async fn a_table_that_somebody_has_locked() {
    let server = server().await;
    server.psql("GRANT SELECT ON users TO alice").await;
    let other = connect(&server.superuser_url()).await;
    other.client().batch_execute("BEGIN; LOCK TABLE users").await.unwrap();
    let report = run_with(&url(&server), look(&["authentication", "queries"], &["users"])).await;
    broken(&report, "queries", Some("lock-timeout"));
}

#[tokio::test]
async fn rights_to_find_out_the_outcome_of_a_commit() {
    let server = server().await;
    let well = run_with(&url(&server), look(&["authentication", "features"], &[])).await;
    assert_eq!(well.verdict(), Verdict::Ok, "{}", page(&well));
    assert_eq!(evidence(&well, "features", "prepared statements last"), "Flag(true)");
    server.psql("REVOKE EXECUTE ON FUNCTION pg_xact_status(xid8) FROM PUBLIC").await;
    let report = run_with(&url(&server), look(&["authentication", "features"], &[])).await;
    warns(&report, "features", None);
    assert_eq!(evidence(&report, "features", "may ask for the state of a transaction"), "Flag(false)");
}
