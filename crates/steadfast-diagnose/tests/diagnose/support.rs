//! Running the chain, and looking at what it found.

use std::sync::Arc;
use std::time::Duration;

use steadfast::config::{BackendOptions, Config, Environment};
use steadfast::connector::{Alarm, Connector as _};
use steadfast::postgres::{PostgresConnection, PostgresConnector};
use steadfast_diagnose::{
    Finding, Input, Options, Report, Silent, Style, Verdict, diagnose, render_json, render_terminal,
};

/// Diagnoses this URL, with nothing in the environment.
pub(crate) async fn run(url: &str) -> Report {
    run_with(url, |_| ()).await
}

/// As [`run`], with other options.
pub(crate) async fn run_with(url: &str, change: impl FnOnce(&mut Options)) -> Report {
    in_environment(&[], Some(url), change).await
}

/// Diagnoses what these variables say.
pub(crate) async fn in_environment(
    variables: &[(&str, &str)],
    url: Option<&str>,
    change: impl FnOnce(&mut Options),
) -> Report {
    let environment: Environment = variables.iter().copied().collect();
    let mut options = Options::default();
    change(&mut options);
    diagnose(Input::read(environment, url), options, Arc::new(Silent::default())).await
}

/// A connection of somebody else's, as soon as the server has room for it.
pub(crate) async fn connect(url: &str) -> PostgresConnection {
    let connection = parking_lot::Mutex::new(None);
    steadfast_test::eventually("there is room for a connection", Duration::from_secs(20), async || {
        *connection.lock() = try_connect(url).await.ok();
        connection.lock().is_some()
    })
    .await;
    connection.into_inner().expect("it is there")
}

async fn try_connect(url: &str) -> Result<PostgresConnection, steadfast::Fault> {
    let Config { backend: BackendOptions::Postgres(options), .. } = Config::from_url(url).unwrap() else {
        panic!("a URL of PostgreSQL")
    };
    let connector = PostgresConnector::new(*options, Duration::from_secs(20)).unwrap();
    connector.connect(Alarm::silent()).await
}

/// What a check found.
pub(crate) fn finding<'a>(report: &'a Report, check: &str) -> &'a Finding {
    report
        .findings
        .iter()
        .find(|finding| finding.check == check)
        .unwrap_or_else(|| panic!("no {check} in {report:#?}"))
}

/// Asserts that this check is broken, before all others, and linked to this entry.
#[track_caller]
pub(crate) fn broken(report: &Report, check: &str, entry: Option<&str>) {
    assert_eq!(report.first_broken().map(|finding| finding.check), Some(check), "{}", page(report));
    assert_eq!(report.verdict().exit_code(), 2);
    let problem = finding(report, check).worst().expect("a broken check has a problem");
    assert!(!problem.remedy.as_str().is_empty());
    assert_eq!(problem.explain, entry, "{}", page(report));
}

/// Asserts that this check warns, and nothing is broken.
#[track_caller]
pub(crate) fn warns(report: &Report, check: &str, entry: Option<&str>) {
    assert_eq!(finding(report, check).verdict(), Verdict::Warning, "{}", page(report));
    assert_eq!(report.verdict().exit_code(), 1, "{}", page(report));
    let problem = finding(report, check).worst().expect("a warning has a problem");
    assert_eq!(problem.explain, entry, "{}", page(report));
}

/// A figure as text.
#[track_caller]
pub(crate) fn evidence(report: &Report, check: &str, label: &str) -> String {
    let found = finding(report, check).outcome.evidence.iter().find(|item| item.label.as_str() == label);
    format!("{:?}", found.unwrap_or_else(|| panic!("no {label}: {}", page(report))).value)
}

/// What is printed, on lines of any length, so that where they break does not depend on the digits of a port.
pub(crate) fn page(report: &Report) -> String {
    let mut style = Style::default();
    style.width = 10_000;
    render_terminal(report, style)
}

/// Everything that could be printed.
pub(crate) fn everything(report: &Report) -> String {
    render_terminal(report, Style::terminal(100).verbose(true)) + &render_json(report)
}

/// Compares what is printed with what was printed when somebody last looked at it.
macro_rules! snapshot {
    ($name:literal, $report:expr) => {
        insta::with_settings!({ filters => crate::support::filters(), omit_expression => true }, {
            insta::assert_snapshot!($name, crate::support::page(&$report));
        });
    };
}
pub(crate) use snapshot;

/// What is different each time.
pub(crate) fn filters() -> Vec<(&'static str, &'static str)> {
    vec![
        (r"(127\.0\.0\.1|localhost|\[::1\])(:| )\d{4,5}\b", "$1$2[port]"),
        (r"\b(under )?\d+(\.\d+)? (ms|s|min|h|days)\b", "[time]"),
        (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[date]"),
        (r"\b[0-9a-f]{64}\b", "[pin]"),
        (r"PostgreSQL \d+(\.\d+|beta\d+|rc\d+)?", "PostgreSQL [version]"),
        (r"(process that answers|process number told at the start)( +)\d+", "$1$2[pid]"),
        (r"\d+, dialed \d+", "[port], dialed [port]"),
        (r"after \d+ failed (try|tries)", "after [n] failed tries"),
        (r"(?m)^( +version +).*$", "$1[version]"),
        (r"SQLite \d+\.\d+\.\d+", "SQLite [version]"),
        (r"\b\d+(\.\d+)? (bytes|[KMGT]iB)", "[size]"),
        (
            r"remaining connection slots are reserved for .*? \(53300\)",
            "remaining connection slots are reserved (53300)",
        ),
        (r"/\S*/diagnose-certificates-2/", "[certificates]/"),
        (r"\d+ of (\d+) connections in use", "[n] of $1 connections in use"),
        (
            r#"((?:in use|held by \S+ on \S+|of these idle|in use by this role|in use on this database) +)\d+"#,
            "$1[n]",
        ),
        (r"/[a-z0-9/_.-]*steadfast-[a-z0-9/_.-]*", "[path]"),
        (r"for \d+( [a-z]+)?, an application", "for [time], an application"),
    ]
}
