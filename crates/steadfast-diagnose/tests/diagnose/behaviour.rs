//! Drills, retries, and sessions that were forgotten.

use std::time::Duration;

use steadfast_diagnose::{Options, Verdict};
use steadfast_test::{Fault, Postgres, Relay};

use crate::certificates::CERTIFICATES;
use crate::support::{broken, connect, evidence, finding, page, run_with, snapshot, warns};

fn drill(checks: &'static [&'static str]) -> impl FnOnce(&mut Options) {
    |options| {
        options.only = checks.iter().map(|check| (*check).to_owned()).collect();
        options.drill = true;
        options.retry_speed = Some(100);
    }
}

#[tokio::test]
async fn the_pool_is_filled_refuses_one_more_and_replaces_old_connections() {
    let server = Postgres::start().await;
    let report = run_with(&server.url(), drill(&["authentication", "pool"])).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    assert!(evidence(&report, "pool", "connections with overflow").contains("15 of 15"));
    assert_eq!(evidence(&report, "pool", "an old connection is replaced"), "Flag(true)");
}

#[tokio::test]
async fn a_pool_that_the_server_has_no_room_for() {
    let server = Postgres::builder().max_connections(10).start().await;
    let report = run_with(&(server.url() + "?connect_timeout=2"), drill(&["authentication", "pool"])).await;
    broken(&report, "pool", Some("too-many-connections"));
}

#[tokio::test]
async fn connections_that_are_ended_and_an_answer_that_is_lost() {
    let server = Postgres::start().await;
    let report = run_with(&server.url(), drill(&["authentication", "recovery"])).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    assert_eq!(evidence(&report, "recovery", "ended an idle connection"), "Flag(true)");
    assert_eq!(evidence(&report, "recovery", "answers lost"), "Count(1)");
    assert!(evidence(&report, "recovery", "the server says of that transaction").contains("committed"));
    assert_eq!(evidence(&report, "recovery", "how often it ran"), "Count(1)");
    let told = evidence(&report, "recovery", "the application was told");
    assert!(told.contains("outcome unknown") || told.contains("\"committed\""), "{told}");
}

#[tokio::test]
async fn an_answer_is_lost_under_tls_too() {
    let (certificate, key) = (CERTIFICATES.text("proper.crt"), CERTIFICATES.text("proper.key"));
    let server = Postgres::builder().tls(&certificate, &key).start().await;
    let url = format!(
        "postgres://steadfast@localhost:{}/steadfast?sslmode=verify-full&sslrootcert={}",
        server.port(),
        CERTIFICATES.path("ca.crt")
    );
    let report = run_with(&url, drill(&["tls", "authentication", "recovery", "retry"])).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    assert_eq!(evidence(&report, "recovery", "answers lost"), "Count(1)");
    assert!(evidence(&report, "recovery", "the server says of that transaction").contains("committed"));
}

#[tokio::test]
async fn a_database_that_comes_up_late_is_found() {
    let server = Postgres::start().await;
    let only = |options: &mut Options| options.only = ["authentication", "retry"].map(str::to_owned).to_vec();
    let report = run_with(&server.url(), only).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    assert!(!finding(&report, "retry").outcome.evidence.iter().any(|item| item.label.as_str() == "try 0"));
    assert!(evidence(&report, "retry", "try 1").contains("next within"), "{}", page(&report));
}

#[tokio::test]
async fn a_forgotten_transaction_that_others_wait_for() {
    let server = Postgres::start().await;
    server.psql("CREATE TABLE users (id int); ALTER TABLE users OWNER TO steadfast").await;
    let ghosts = |options: &mut Options| {
        options.only = ["authentication", "ghosts"].map(str::to_owned).to_vec();
        options.ghost_age = Duration::from_millis(1);
    };
    let ghost = connect(&server.url()).await;
    ghost.client().batch_execute("BEGIN; LOCK TABLE users").await.unwrap();
    let report = run_with(&server.url(), ghosts).await;
    warns(&report, "ghosts", Some("idle-in-transaction-timeout"));
    let waiting = connect(&server.url()).await;
    let test = async {
        steadfast_test::eventually("somebody waits", Duration::from_secs(20), async || {
            server.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").await == "1"
        })
        .await;
        let report = run_with(&server.url(), ghosts).await;
        broken(&report, "ghosts", Some("idle-in-transaction-timeout"));
        assert!(page(&report).contains("blocks 1"), "{}", page(&report));
        ghost.client().batch_execute("ROLLBACK").await.unwrap();
    };
    let (waited, ()) = tokio::join!(waiting.client().batch_execute("SELECT * FROM users"), test);
    waited.unwrap();
}

#[tokio::test]
async fn what_there_is_no_time_for_is_left_out() {
    let server = Postgres::start().await;
    let relay = Relay::to(server.addr()).await;
    relay.set(Fault::AcceptThenSilence).await;
    let report =
        run_with(&relay.url_from(&server), |options| options.timeout = Some(Duration::from_secs(2))).await;
    assert!(report.took < Duration::from_secs(10), "{:?}", report.took);
    assert_eq!(finding(&report, "authentication").verdict(), Verdict::Skipped, "{}", page(&report));
    snapshot!("no_time", report);
}
