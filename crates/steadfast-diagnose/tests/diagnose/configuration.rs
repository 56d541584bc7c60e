//! Variables and URLs that are damaged, contradict each other or lead somewhere else.

use steadfast_diagnose::Verdict;

use crate::support::{broken, evidence, finding, in_environment, page, run, snapshot};

#[tokio::test]
async fn a_placeholder_that_nobody_replaced_is_named() {
    let report = in_environment(&[("DATABASE_URL", "${{Postgres.DATABASE_URL}}")], None, |_| ()).await;
    broken(&report, "environment", Some("placeholder-not-replaced"));
    assert_eq!(finding(&report, "url").verdict(), Verdict::Failure);
    assert_eq!(finding(&report, "tcp").verdict(), Verdict::Skipped);
    snapshot!("placeholder", report);
}

#[tokio::test]
async fn the_url_cannot_be_read() {
    let report = run("postgres://alice:hunter2secret@db.example:port/app").await;
    broken(&report, "url", Some("url-not-understood"));
    snapshot!("unreadable_url", report);
}

#[tokio::test]
async fn an_empty_url_is_told_from_none() {
    let report = in_environment(&[("DATABASE_URL", "")], None, |_| ()).await;
    broken(&report, "url", Some("database-url-empty"));
}

#[tokio::test]
async fn variables_that_contradict_the_url_are_named() {
    let url = "postgres://alice:hunter2secret@127.0.0.1:1/app";
    let variables =
        [("DATABASE_URL", url), ("PGHOST", "elsewhere.example"), ("PGPORT", "1"), ("PGUSER", "bob")];
    let report = in_environment(&variables, None, |options| options.only = vec!["environment".into()]).await;
    let environment = finding(&report, "environment");
    assert_eq!(environment.verdict(), Verdict::Warning, "{}", page(&report));
    assert!(
        environment.outcome.problems[0].cause.as_str().starts_with("PGHOST, PGUSER"),
        "{}",
        page(&report)
    );
    snapshot!("conflicting_variables", report);
}

#[tokio::test]
async fn quotes_and_blanks_in_other_variables_are_named() {
    let variables = [
        ("DATABASE_URL", "postgres://alice@127.0.0.1:1/app"),
        ("DATABASE_PUBLIC_URL", "\"postgres://alice:x1y2z3w4@h/app\""),
        ("PGSSLMODE", "require\n"),
    ];
    let report = in_environment(&variables, None, |options| options.only = vec!["environment".into()]).await;
    let causes: Vec<_> =
        finding(&report, "environment").outcome.problems.iter().map(|p| p.cause.as_str()).collect();
    assert!(causes.iter().any(|cause| cause.contains("DATABASE_PUBLIC_URL stands in quotes")), "{causes:?}");
    assert!(causes.iter().any(|cause| cause.contains("PGSSLMODE begins or ends with a blank")), "{causes:?}");
}

#[tokio::test]
async fn a_private_name_outside_of_its_network_is_named() {
    let url = "postgres://alice:hunter2secret@postgres.railway.internal:5432/railway";
    let only = |options: &mut steadfast_diagnose::Options| options.only = vec!["environment".into()];
    let report = in_environment(&[], Some(url), only).await;
    assert!(page(&report).contains("DATABASE_PUBLIC_URL"), "{}", page(&report));
    let inside = in_environment(&[("RAILWAY_ENVIRONMENT", "production")], Some(url), only).await;
    assert_eq!(inside.verdict(), Verdict::Ok, "{}", page(&inside));
}

#[tokio::test]
async fn libpqs_variables_are_enough() {
    let report = in_environment(&[("PGHOST", "127.0.0.1"), ("PGPORT", "1")], None, |_| ()).await;
    broken(&report, "tcp", Some("connection-refused"));
    assert!(page(&report).contains("127.0.0.1:1"), "{}", page(&report));
}

#[tokio::test]
async fn what_other_libraries_make_of_an_unencoded_password_is_told() {
    let report = run("postgres://alice:p@ssw0rd-x@127.0.0.1:1/app").await;
    assert_eq!(finding(&report, "url").verdict(), Verdict::Warning, "{}", page(&report));
    assert!(evidence(&report, "url", "libpq").contains("looks up another host"));
    snapshot!("unencoded_password", report);
}

#[tokio::test]
async fn a_url_in_another_variable_is_pointed_at() {
    let variables = [("POSTGRES_URL", "postgres://alice:hunter2secret@db.example/app")];
    let report = in_environment(&variables, None, |options| options.only = vec!["environment".into()]).await;
    assert_eq!(finding(&report, "environment").verdict(), Verdict::Warning, "{}", page(&report));
    assert!(page(&report).contains("steadfast diagnose \"$POSTGRES_URL\""), "{}", page(&report));
}
