//! Servers that are full, or follow another.

use std::time::Duration;

use steadfast_diagnose::Verdict;
use steadfast_test::{Mode, Postgres};

use crate::support::{broken, connect, evidence, finding, page, run, run_with, snapshot, warns};

fn only(checks: &[&str]) -> impl FnOnce(&mut steadfast_diagnose::Options) {
    let only = checks.iter().map(|check| (*check).to_owned()).collect();
    |options| options.only = only
}

#[tokio::test]
async fn all_is_well() {
    let server = Postgres::start().await;
    server.psql("CREATE TABLE users (id serial PRIMARY KEY, name text); INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 500) n; ALTER TABLE users OWNER TO steadfast; ANALYZE users").await;
    let report = run_with(&server.url(), |options| {
        // What a machine that is busy with other tests makes of round trips is told by another test.
        options.skip = vec!["latency".into()];
        options.slow_query = Duration::from_secs(5);
    })
    .await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    assert!(report.next_action().is_none());
    snapshot!("healthy", report);
    assert!(page(&report).lines().count() < 20, "short when all is well");
    assert_eq!(evidence(&report, "pooler", "pooler"), "Flag(false)");
}

#[tokio::test]
async fn a_full_server() {
    let server = Postgres::builder().max_connections(8).start().await;
    let url = server.url();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(connect(&url).await);
    }
    let report = run_with(&url, only(&["authentication", "capacity"])).await;
    assert_eq!(finding(&report, "capacity").verdict(), Verdict::Warning, "{}", page(&report));
    assert!(page(&report).contains("nearly full"), "{}", page(&report));
    assert!(page(&report).contains("1 x 15 = 15"), "{}", page(&report));
    // The slots that are left are for superusers.
    held.push(connect(&url).await);
    let report = run(&url).await;
    broken(&report, "authentication", Some("slots-reserved"));
    snapshot!("full_server", report);
}

#[tokio::test]
async fn limits_of_role_and_workers_are_counted() {
    let server = Postgres::start().await;
    server.psql("ALTER ROLE steadfast CONNECTION LIMIT 6; ALTER ROLE steadfast NOSUPERUSER").await;
    let report = run_with(&server.url(), |options| {
        options.workers = Some(4);
        options.only = ["authentication", "capacity"].map(str::to_owned).to_vec();
    })
    .await;
    let causes: Vec<_> =
        finding(&report, "capacity").outcome.problems.iter().map(|p| p.cause.as_str()).collect();
    assert!(
        causes.iter().any(|cause| cause.contains("4 x 15 = 60") && cause.contains("the server allows 47")),
        "{causes:?}"
    );
    assert!(causes.iter().any(|cause| cause.contains("this role's CONNECTION LIMIT allows 6")), "{causes:?}");
}

#[tokio::test]
async fn a_standby_where_writes_are_wanted() {
    let primary = Postgres::start().await;
    let standby = primary.standby().await;
    let report = run_with(&standby.url(), only(&["authentication", "server"])).await;
    warns(&report, "server", Some("read-only-server"));
    snapshot!("standby", report);
    let reads =
        run_with(&(standby.url() + "?target_session_attrs=standby"), only(&["authentication", "server"]))
            .await;
    assert_eq!(reads.verdict(), Verdict::Ok, "{}", page(&reads));
    let writes =
        run_with(&(standby.url() + "?target_session_attrs=read-write"), only(&["authentication", "server"]))
            .await;
    broken(&writes, "authentication", Some("read-only-server"));
}

#[tokio::test]
async fn a_server_that_is_read_only_by_default() {
    let server = Postgres::builder().setting("default_transaction_read_only", "on").start().await;
    let report = run_with(&server.url(), only(&["authentication", "server"])).await;
    warns(&report, "server", Some("read-only-server"));
}

#[tokio::test]
async fn a_server_that_gives_up_before_the_pool_does() {
    let server = Postgres::builder()
        .setting("idle_session_timeout", "60s")
        .setting("statement_timeout", "200ms")
        .start()
        .await;
    if server.version() < 14 {
        return;
    }
    let report = run_with(&server.url(), only(&["authentication", "timeouts"])).await;
    warns(&report, "timeouts", Some("idle-session-timeout"));
    snapshot!("server_timeouts", report);
    let heeded =
        run_with(&(server.url() + "?pool.idle_timeout=40s"), only(&["authentication", "timeouts"])).await;
    assert!(!page(&heeded).contains("closes sessions that are idle"), "{}", page(&heeded));
}

#[tokio::test]
async fn a_server_that_is_gone() {
    let server = Postgres::start().await;
    server.stop(Mode::Immediate).await;
    broken(&run(&server.url()).await, "tcp", Some("connection-refused"));
}
