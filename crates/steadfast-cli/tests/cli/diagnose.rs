//! `steadfast diagnose` as a program: what it prints where, and how it ends.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use steadfast_test::Postgres;

use super::support::Place;

const NOWHERE: &str = "postgres://alice:hunter2secret@127.0.0.1:1/app";

#[test]
fn nothing_configured_is_the_sqlite_file_and_is_well() {
    let place = Place::new();
    let finished = place.run(&["diagnose"], &[]);
    assert_eq!(finished.code(), 0, "{}", finished.out() + &finished.err());
    assert!(finished.out().contains("All is well"), "{}", finished.out());
    assert!(finished.err().is_empty(), "progress is for terminals: {}", finished.err());
    assert!(!place.0.join("steadfast.sqlite3").exists(), "diagnosing makes nothing");
}

#[test]
fn a_broken_layer_ends_with_2_and_one_next_action() {
    let place = Place::new();
    for arguments in [&["diagnose", NOWHERE] as &[&str], &["diagnose", "--database-url", NOWHERE]] {
        let finished = place.run(arguments, &[]);
        assert_eq!(finished.code(), 2, "{}", finished.out());
        assert!(finished.out().contains("Broken: tcp (network)"), "{}", finished.out());
        assert_eq!(finished.out().matches("Next: ").count(), 1, "{}", finished.out());
        assert!(!finished.out().contains("hunter2secret"));
        assert!(!finished.out().contains('\x1b'), "no colours but on a terminal");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_a_finding_too() {
    let place = Place::new();
    let finished =
        place.run(&["diagnose"], &[("DATABASE_URL", "postgres://a:b@h:port/d"), ("STEADFAST_POOL_SIZ", "3")]);
    assert_eq!(finished.code(), 2);
    assert!(finished.out().contains("STEADFAST_POOL_SIZ"), "{}", finished.out());
}

#[test]
fn colours_are_forced_and_forbidden() {
    let place = Place::new();
    let out = |variables: &[(&str, &str)]| place.run(&["diagnose", NOWHERE], variables).out();
    assert!(out(&[("CLICOLOR_FORCE", "1")]).contains("\x1b[31m"));
    assert!(!out(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\x1b'));
    assert!(!out(&[("CLICOLOR_FORCE", "0")]).contains('\x1b'));
}

#[test]
fn wrong_arguments_are_refused_with_what_is_accepted() {
    let place = Place::new();
    let unknown = place.run(&["diagnose", "--only", "dsn"], &[]);
    assert_eq!(unknown.code(), 2);
    assert!(unknown.err().contains("dsn") && unknown.err().contains("dns"), "{}", unknown.err());
    assert_eq!(place.run(&["diagnose", "--timeout", "soon"], &[]).code(), 2);
    assert_eq!(place.run(&["diagnose", "--idle-state", "f"], &[]).code(), 2);
}

#[test]
fn the_list_names_every_check_of_the_documentation() {
    let listed = Place::new().run(&["diagnose", "--list"], &[]).out();
    let written = include_str!("../../../../docs/diagnose.md");
    for line in listed.lines() {
        let id = line.split(' ').next().unwrap();
        assert!(written.contains(&format!("| `{id}` |")), "docs/diagnose.md does not tell of {id}");
    }
}

#[tokio::test]
async fn json_is_one_line_of_the_documented_schema() {
    let server = Postgres::start().await;
    let place = Place::new();
    let finished =
        place.run(&["diagnose", "--json", "--skip", "latency"], &[("DATABASE_URL", &server.url())]);
    assert_eq!(finished.code(), 0, "{}", finished.out());
    assert_eq!(finished.out().lines().count(), 1);
    let report: Value = serde_json::from_str(&finished.out()).unwrap();
    assert_eq!(report["schema"], "steadfast.diagnose/1");
    assert_eq!((report["verdict"].as_str(), report["exit_code"].as_u64()), (Some("ok"), Some(0)));
    assert!(report["first_broken"].is_null() && report["next_action"].is_null());
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() > 15);
    for finding in findings {
        assert!(finding["summary"].is_string() && finding["took_ms"].is_number(), "{finding}");
        assert!(
            finding["evidence"].as_array().unwrap().iter().all(|item| item["label"].is_string()),
            "{finding}"
        );
    }
    let broken: Value =
        serde_json::from_str(&place.run(&["diagnose", "--json", NOWHERE], &[]).out()).unwrap();
    assert_eq!(broken["first_broken"], "tcp");
    let skipped =
        broken["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == "server").unwrap();
    assert_eq!((&skipped["verdict"], &skipped["needs"]), (&"skipped".into(), &"tcp".into()));
}

#[test]
fn watching_goes_on_until_it_is_interrupted_and_ends_as_the_last_look() {
    let place = Place::new();
    let mut command = place.command(&["diagnose", "--watch", "10ms", "--json", NOWHERE], &[]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains("\"first_broken\":\"tcp\""), "{line}");
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    // What it still had to say is read, so that it need not wait for that.
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn watching_ends_when_nobody_reads() {
    let place = Place::new();
    let mut command = place.command(&["diagnose", "--watch", "1ms", "--json", NOWHERE], &[]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}
