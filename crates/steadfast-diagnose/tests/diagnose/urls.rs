//! Odd URLs: what we make of them, and what libpq, SQLAlchemy, tokio-postgres and sqlx would.

use std::fmt::Write as _;
use std::process::Command;

use steadfast::config::Environment;
use steadfast_diagnose::Options;

use crate::support::{finding, run_with};

/// Each as it was seen in the wild, with a port on which nobody listens.
const ODD: &[&str] = &[
    "postgres://alice:secret@127.0.0.1:1/app",
    "postgresql://alice:secret@127.0.0.1:1/app",
    "postgres://alice:secret@127.0.0.1:1/app\n",
    " postgres://alice:secret@127.0.0.1:1/app",
    "postgres://alice:secret@127.0.0.1:1/app ",
    "\"postgres://alice:secret@127.0.0.1:1/app\"",
    "'postgres://alice:secret@127.0.0.1:1/app'",
    "DATABASE_URL=postgres://alice:secret@127.0.0.1:1/app",
    "psql postgres://alice:secret@127.0.0.1:1/app",
    "postgresql+psycopg2://alice:secret@127.0.0.1:1/app",
    "postgresql+asyncpg://alice:secret@127.0.0.1:1/app",
    "postgresql+asyncpg://alice:secret@127.0.0.1:1/app?sslmode=require",
    "jdbc:postgresql://127.0.0.1:1/app?user=alice&password=secret",
    "https://alice:secret@127.0.0.1:1/app",
    "mysql://alice:secret@127.0.0.1:1/app",
    "postgres//alice:secret@127.0.0.1:1/app",
    "alice:secret@127.0.0.1:1/app",
    "postgres://alice:p@ss@127.0.0.1:1/app",
    "postgres://alice:p/ss@127.0.0.1:1/app",
    "postgres://alice:p#ss@127.0.0.1:1/app",
    "postgres://alice:p?ss@127.0.0.1:1/app",
    "postgres://alice:p:ss@127.0.0.1:1/app",
    "postgres://alice:100%@127.0.0.1:1/app",
    "postgres://alice:p%40ss@127.0.0.1:1/app",
    "postgres://alice@127.0.0.1:1/app",
    "postgres://127.0.0.1:1/app",
    "postgres://alice:secret@127.0.0.1:1",
    "postgres://alice:secret@127.0.0.1:1/",
    "postgres://alice:secret@[::1]:1/app",
    "postgres://alice:secret@::1:1/app",
    "postgres://alice:secret@127.0.0.1:one/app",
    "postgres://alice:secret@127.0.0.1:99999/app",
    "postgres://alice:secret@127.0.0.1:/app",
    "postgres://alice:secret@127.0.0.1:1,127.0.0.1:2/app",
    "postgres://alice:secret@127.0.0.1:1/app?sslmode=require\n",
    "postgres://alice:secret@127.0.0.1:1/app?sslmode=required",
    "postgres://alice:secret@127.0.0.1:1/app?sslmode=verify-full",
    "postgres://alice:secret@127.0.0.1:1/app?pgbouncer=true",
    "postgres://alice:secret@127.0.0.1:1/app?schema=public",
    "postgres://alice:secret@127.0.0.1:1/app?connect_timeout=5",
    "postgres://alice:secret@127.0.0.1:1/app?sslmode",
    "postgres://alice:secret@127.0.0.1:1/app?application_name=a=b",
    "postgres://alice:secret@127.0.0.1:1/my%20app",
    "${DATABASE_URL}",
    "postgres://${USER}:secret@127.0.0.1:1/app",
    "",
];

fn url_only(options: &mut Options) {
    options.only = vec!["url".into()];
}

#[tokio::test]
async fn forty_odd_urls_are_read_or_refused_with_a_reason() {
    let mut said = String::new();
    for url in ODD {
        let report = run_with(url, url_only).await;
        let url_finding = finding(&report, "url");
        writeln!(said, "{url:?}: {}", url_finding.verdict().word()).unwrap();
        for item in &url_finding.outcome.evidence {
            let steadfast_diagnose::Figure::Text(text) = &item.value else { continue };
            if item.label.as_str() != "sslmode" {
                writeln!(said, "    {}: {text}", item.label).unwrap();
            }
        }
        for problem in &url_finding.outcome.problems {
            writeln!(said, "    {}", problem.cause).unwrap();
        }
    }
    insta::assert_snapshot!("odd_urls", said);
}

/// What we say of libpq is what libpq does: `psql` refuses a URL, or tries to connect.
#[tokio::test]
async fn libpq_itself_agrees() {
    let path = Environment::capture().get("PATH").unwrap_or_default().to_owned();
    let mut wrong = Vec::new();
    for url in ODD.iter().filter(|url| !url.is_empty()) {
        let output = Command::new("psql")
            .args(["-X", "-w", "-c", "SELECT 1", "-d", url])
            .env_clear()
            .env("PATH", &path)
            .env("PGCONNECT_TIMEOUT", "2")
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        if text.contains("on socket") && !url.contains('=') {
            // psql takes it for the name of a database, and libpq never sees it.
            continue;
        }
        let tries = text.contains("connection to server") || text.contains("could not translate host name");
        let report = run_with(url, url_only).await;
        let libpq =
            finding(&report, "url").outcome.evidence.iter().find(|item| item.label.as_str() == "libpq");
        let said = libpq.map(|item| format!("{:?}", item.value)).unwrap_or_default();
        // Of a URL that we cannot read ourselves nothing is said about others.
        let is_read =
            finding(&report, "url").outcome.evidence.iter().any(|item| item.label.as_str() == "sslmode");
        let refuses = said.contains("refuses it") || said.contains("does not know");
        if is_read && refuses == tries {
            wrong.push(format!("{url:?}: psql says {}; we say {said}", text.trim()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
