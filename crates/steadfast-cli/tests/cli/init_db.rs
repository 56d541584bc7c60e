//! `steadfast init-db` as a process.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::support::Place;

#[test]
fn it_makes_the_schema_once_however_many_start_at_the_same_time() {
    let place = Place::new();
    let children: Vec<_> = (0..4)
        .map(|_| {
            place.command(&["init-db"], &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains("the schema is ready"));
    }
    assert_eq!(place.run(&["init-db"], &[]).code(), 0, "and once more");
}

#[test]
fn each_failed_try_is_told_with_its_cause_and_when_the_next_one_follows() {
    let place = Place::new();
    let environment = [("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:1/app"), ("STEADFAST_LOG", "off")];
    let mut child = place.command(&["init-db"], &environment).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let second = lines.next().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(first.starts_with("attempt 1 of 6 failed: ") && first.ends_with("; next in 2 s"), "{first}");
    assert!(second.starts_with("attempt 2 of 6 failed: ") && second.ends_with("; next in 4 s"), "{second}");
    assert!(!first.contains("hunter2") && first.contains("refused"), "{first}");
}

#[test]
fn what_waiting_cannot_help_ends_it_at_once() {
    let place = Place::new();
    let begun = std::time::SystemTime::now();
    // SQLite says so itself: a directory is no database.
    let finished = place.run(&["init-db"], &[("DATABASE_URL", "sqlite:///"), ("STEADFAST_LOG", "off")]);
    assert_eq!(finished.code(), 78, "{}", finished.err());
    let missing = place.run(&["init-db", "--database-url", "sqlite:///no/such/directory/x.sqlite3"], &[]);
    assert_eq!(missing.code(), 78, "{}", missing.err());
    assert!(begun.elapsed().unwrap().as_secs() < 10);
}
