//! What steadfast itself says is recognised, too. New words in its tables are missed here first.
#![cfg(test)]

use std::time::Duration;

use steadfast::config::{Config, Environment};
use steadfast::error::{AcquireError, AcquireFailure, Phase};
use steadfast::outcome::{Doubt, Outcome, Ticket};
use steadfast::verdict::{Class, Step};
use steadfast::{Error, Fault};
use steadfast_explain::recognise;

const SQLSTATES: &str = include_str!("../../steadfast/src/postgres/sqlstate_table.rs");
const SQLITE_FAULTS: &str = include_str!("../../steadfast/src/sqlite/fault.rs");
const SQLITE_NAMES: &str = include_str!("../../steadfast/src/sqlite/names.rs");

/// What stands in several rows and says little by itself; their codes say more.
const GENERAL: &[&str] = &["run the transaction again", "run the whole transaction again"];

/// The string literals of a piece of source, without escapes; comments are left out.
fn literals(source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    let code = code.replace("\\\"", "\u{1}");
    code.split('"').skip(1).step_by(2).map(|literal| literal.replace('\u{1}', "\"")).collect()
}

/// Those of the texts that are not recognised.
fn missed(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let is_general = |text: &str| GENERAL.iter().any(|general| text.ends_with(&format!("etwas; {general}")));
    texts.into_iter().filter(|text| recognise(text).is_empty() && !is_general(text)).collect()
}

#[track_caller]
fn best(text: &str) -> &'static str {
    recognise(text).best().unwrap_or_else(|| panic!("not recognised: {text}")).entry.id
}

#[test]
fn every_row_of_the_table_of_sqlstates_is_recognised_by_its_code_and_by_its_remedy() {
    let rows: Vec<Vec<String>> = SQLSTATES.split("row(").skip(2).map(literals).collect();
    assert!(rows.len() > 60, "the table was read: {}", rows.len());
    let by_remedy = rows.iter().map(|row| format!("running a statement: etwas; {}", row[1]));
    assert_eq!(missed(by_remedy), [""; 0]);
    let is_code = |key: &str| {
        matches!(key.len(), 2 | 5) && key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let (codes, texts): (Vec<&str>, Vec<&str>) =
        rows.iter().map(|row| row[0].as_str()).partition(|key| is_code(key));
    assert_eq!(
        missed(texts.into_iter().map(|text| format!("starting the connection: {text} (08P01)"))),
        [""; 0]
    );
    for code in codes {
        let whole = if code.len() == 2 { format!("{code}999") } else { code.to_owned() };
        let fault = Fault::new(Class::Statement, Step::Statement, "etwas").with_code(whole);
        let found = recognise(&format!("error: {fault}"));
        let fits = found.matches.iter().any(|found| found.entry.codes.contains(&code));
        assert!(fits, "{code}: {:?}", found.matches.iter().map(|found| found.entry.id).collect::<Vec<_>>());
    }
}

#[test]
fn every_failure_to_get_a_connection_is_recognised() {
    let second = Duration::from_secs(1);
    for phase in [Phase::Waiting, Phase::Opening, Phase::Verifying] {
        let text = AcquireError::new(AcquireFailure::TimedOut, phase, second).to_string();
        assert_eq!(best(&text), "pool-exhausted", "{text}");
    }
    for (failure, id) in [
        (AcquireFailure::QueueFull, "pool-queue-full"),
        (AcquireFailure::Closed, "pool-closed"),
        (AcquireFailure::Permanent, "connecting-fails-for-good"),
    ] {
        assert_eq!(best(&AcquireError::new(failure, Phase::Waiting, second).to_string()), id);
    }
    // The reason is worth more than that there was no connection.
    let refused = Fault::new(Class::Unreachable, Step::Dial, "cannot connect to db:5432: Connection refused");
    assert_eq!(best(&AcquireError::connecting_failed(refused, second).to_string()), "connection-refused");
    let wrong = Fault::new(Class::Permanent, Step::Authenticate, "etwas").with_code("28P01");
    assert_eq!(best(&AcquireError::connecting_failed(wrong, second).to_string()), "wrong-password");
}

#[test]
fn an_unknown_outcome_is_told_before_its_cause() {
    let fault = Fault::new(
        Class::ConnectionLost,
        Step::Commit,
        "terminating connection due to administrator command",
    )
    .with_code("57P01")
    .with_unknown_outcome();
    let found = recognise(&format!("ERROR request failed fault={fault}"));
    let ids: Vec<_> = found.matches.iter().map(|found| found.entry.id).collect();
    assert_eq!(ids[..2], ["outcome-unknown", "terminated-by-administrator"], "{fault}");
    for doubt in [
        Doubt::StillRunning,
        Doubt::AwaitsReplication,
        Doubt::Recovered,
        Doubt::OtherCluster,
        Doubt::OlderTimeline,
        Doubt::TooOld,
    ] {
        assert_eq!(best(&format!("{}", Outcome::Unknown(doubt))), "outcome-unknown");
    }
    assert_eq!(best(&"x".parse::<Ticket>().unwrap_err().to_string()), "outcome-records");
}

#[test]
fn errors_of_use_are_recognised() {
    assert_eq!(best(&Error::Inert.to_string()), "no-active-transaction");
    assert_eq!(best(&Error::RowCount { expected: "one row", found: 2 }.to_string()), "parameters-do-not-fit");
    let column = Error::Column { column: "age".into(), problem: "there is no such column".into() };
    assert_eq!(best(&column.to_string()), "column-unknown");
}

#[test]
fn refused_configurations_are_recognised() {
    for (name, value, id) in [
        ("DATABASE_URL", "", "database-url-empty"),
        ("DATABASE_URL", "postgres://${USER}@host/x", "placeholder-not-replaced"),
        ("DATABASE_URL", "mysql://u:p@host/x", "url-of-another-service"),
        ("DATABASE_URL", "https://example.org", "url-of-another-service"),
        ("DATABASE_URL", "jdbc:postgresql://host/x", "url-not-understood"),
        ("DATABASE_URL", "what is this", "url-not-understood"),
        ("DATABASE_URL", "postgres://u:p@host:99999/x", "url-password-encoding"),
        ("DATABASE_URL", "postgres://u:p@host/x?sslmode=requird", "sslmode-invalid"),
        ("DATABASE_URL", "postgres://u:p@host/x?nosuch=1", "url-parameter-unknown"),
        ("STEADFAST_POOL_SIZE", "many", "option-refused"),
        ("STEADFAST_POOL_SIZES", "5", "option-refused"),
        ("STEADFAST_POOL_ACQUIRE_TIMEOUT", "soon", "option-refused"),
    ] {
        let environment = Environment::from_iter([(name.to_owned(), value.to_owned())]);
        let errors = Config::load(&environment, &[]).expect_err(value);
        for error in errors.iter() {
            assert_eq!(best(&format!("error: {error}")), id, "{error}");
        }
    }
}

#[test]
fn every_remedy_and_code_of_sqlite_is_recognised() {
    let (_, remedies) = SQLITE_FAULTS.split_once("fn remedy(").expect("the table of remedies");
    let (remedies, _) = remedies.split_once("fn is_connecting").expect("its end");
    let remedies = literals(remedies);
    assert!(remedies.len() > 20, "the table was read: {}", remedies.len());
    assert_eq!(
        missed(remedies.iter().map(|remedy| format!("running a statement: etwas; {remedy}"))),
        [""; 0]
    );
    let words = SQLITE_NAMES.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
    let names: Vec<&str> = words.filter(|name| name.len() > 7 && name.starts_with("SQLITE_")).collect();
    assert!(names.len() > 20, "the names were read: {}", names.len());
    let with_name =
        |name: &&str| Fault::new(Class::Statement, Step::Statement, "etwas").with_code(*name).to_string();
    assert_eq!(missed(names.iter().map(with_name)), [""; 0]);
}
