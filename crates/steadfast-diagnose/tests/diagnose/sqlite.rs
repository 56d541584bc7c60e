//! SQLite: files that are missing, locked, damaged, or may not be written.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use steadfast_diagnose::{Report, Verdict};

use crate::support::{broken, finding, page, run_with, snapshot, warns};

/// A directory that goes with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("steadfast-diagnose-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("app.db")
    }

    fn files(&self) -> Vec<String> {
        let names =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    fn filled(name: &str) -> Self {
        let place = Self::new(name);
        let connection = Connection::open(place.file()).unwrap();
        connection
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users (name) VALUES ('a'), ('b')")
            .unwrap();
        place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

async fn run(file: &Path) -> Report {
    run_with(&format!("sqlite:///{}", file.display()), |_| ()).await
}

#[tokio::test]
async fn a_sound_file_is_well_and_is_not_touched() {
    let place = Place::filled("sound");
    let (before, beside) = (fs::read(place.file()).unwrap(), place.files());
    let report = run(&place.file()).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    snapshot!("sqlite", report);
    assert!(before == fs::read(place.file()).unwrap(), "diagnosing changes nothing");
    assert_eq!(beside, place.files(), "and leaves nothing behind");
    let drilled =
        run_with(&format!("sqlite:///{}", place.file().display()), |options| options.drill = true).await;
    assert_eq!(finding(&drilled, "pool").verdict(), Verdict::Ok, "{}", page(&drilled));
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_made() {
    let place = Place::new("absent");
    let report = run(&place.file()).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    assert!(!place.file().exists());
    let report = run(&place.0.join("no-such-directory/app.db")).await;
    broken(&report, "file", Some("sqlite-cannot-open"));
    snapshot!("sqlite_no_directory", report);
}

#[tokio::test]
async fn a_file_that_is_no_database() {
    let place = Place::new("foreign");
    fs::write(place.file(), "this is a shopping list, and quite a long one, for there is much to buy")
        .unwrap();
    let report = run(&place.file()).await;
    broken(&report, "sqlite", Some("sqlite-corrupt"));
}

#[tokio::test]
async fn a_file_that_is_damaged() {
    let place = Place::new("damaged");
    let connection = Connection::open(place.file()).unwrap();
    connection
        .execute_batch("CREATE TABLE t (a TEXT); WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000) INSERT INTO t SELECT hex(randomblob(40)) FROM n")
        .unwrap();
    drop(connection);
    let mut bytes = fs::read(place.file()).unwrap();
    bytes[8192..12_288].fill(0xa5);
    fs::write(place.file(), bytes).unwrap();
    let report = run(&place.file()).await;
    broken(&report, "sqlite", Some("sqlite-corrupt"));
}

#[tokio::test]
async fn a_file_that_somebody_else_writes() {
    let place = Place::filled("locked");
    let other = Connection::open(place.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let report = run(&place.file()).await;
    warns(&report, "locks", Some("sqlite-busy"));
    let ours = std::process::id().to_string();
    assert!(page(&report).contains(&ours) || cfg!(not(target_os = "linux")), "{}", page(&report));
}

#[tokio::test]
async fn a_table_that_is_missing() {
    let place = Place::filled("missing");
    let url = format!("sqlite:///{}", place.file().display());
    let report = run_with(&url, |options| options.tables = vec!["users".into(), "orders".into()]).await;
    broken(&report, "tables", Some("relation-unknown"));
}

#[tokio::test]
async fn what_a_crash_has_left_in_the_log_stays_there() {
    let place = Place::new("crashed");
    let writer = Connection::open(place.file()).unwrap();
    writer.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE users (id INTEGER PRIMARY KEY)").unwrap();
    // A copy of the files while somebody writes is what a crash leaves.
    let copy = Place::new("crashed-copy");
    for name in ["app.db", "app.db-wal"] {
        fs::copy(place.0.join(name), copy.0.join(name)).unwrap();
    }
    let log = copy.0.join("app.db-wal");
    let before = (fs::read(copy.file()).unwrap(), fs::read(&log).unwrap());
    assert!(!before.1.is_empty());
    let report = run(&copy.file()).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    assert!(before == (fs::read(copy.file()).unwrap(), fs::read(&log).unwrap()));
    drop(writer);
}
