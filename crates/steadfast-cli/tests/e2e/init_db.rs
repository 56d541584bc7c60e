//! `init-db`: what it prints, and with which code it ends.

use std::time::Duration;

use crate::support::scratch::Scratch;
use crate::support::{SOON, steadfast};
use steadfast_test::{Auth, Mode, Postgres, Process};
use tokio::time::Instant;

/// Ended: its exit code, what it printed, and how long it took.
struct Ended {
    code: Option<i32>,
    lines: Vec<String>,
    took: Duration,
}

async fn begin(url: &str) -> (Process, Instant, Scratch) {
    let directory = Scratch::new();
    let mut command = steadfast(directory.path(), &["init-db"], &[("DATABASE_URL", url)]);
    let began = Instant::now();
    (Process::start(&mut command).await, began, directory)
}

async fn init_db(url: &str) -> Ended {
    let (process, began, _directory) = begin(url).await;
    let status = process.wait(SOON).await;
    Ended { code: status.code(), lines: process.lines(), took: began.elapsed() }
}

impl Ended {
    fn text(&self) -> String {
        self.lines.join("\n")
    }

    #[track_caller]
    fn assert(&self, code: i32, words: &[&str]) {
        let text = self.text();
        assert_eq!(self.code, Some(code), "{text}");
        for word in words {
            assert!(text.contains(word), "{word:?} is missing:\n{text}");
        }
    }
}

const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE tablename IN ('users', 'steadfast_schema')";

#[tokio::test]
async fn it_creates_the_schema_once_and_is_content_to_find_it() {
    let postgres = Postgres::start().await;
    for _ in 0..2 {
        let ended = init_db(&postgres.url()).await;
        ended.assert(0, &["the schema is ready: PostgreSQL"]);
        assert!(!ended.text().contains("attempt"), "{}", ended.text());
        assert_eq!(postgres.psql(TABLES).await, "2");
        assert_eq!(postgres.psql("SELECT max(version) FROM steadfast_schema").await, "2");
    }
    assert_eq!(postgres.backends("steadfast").await.total, 0, "it said goodbye");
}

#[tokio::test]
async fn ten_at_once_create_it_once_and_all_succeed() {
    let postgres = Postgres::start().await;
    let mut processes = Vec::new();
    for _ in 0..10 {
        processes.push(begin(&postgres.url()).await);
    }
    for (process, ..) in &processes {
        let status = process.wait(SOON).await;
        assert_eq!(status.code(), Some(0), "{:#?}", process.lines());
    }
    let made = processes.iter().flat_map(|(process, ..)| process.lines());
    assert_eq!(made.filter(|line| line.contains("the schema was set up")).count(), 1);
    assert_eq!(postgres.psql("SELECT version FROM steadfast_schema").await, "1\n2");
    assert_eq!(postgres.psql(TABLES).await, "2");
}

#[tokio::test]
async fn a_wrong_password_ends_it_at_once_with_the_remedy_and_without_the_secret() {
    let postgres = Postgres::builder().auth(Auth::Scram).password("r1ght").start().await;
    let url = postgres.url().replace("r1ght", "wr0ng");
    let ended = init_db(&url).await;
    ended.assert(77, &["error: ", "28P01", "wrong password: it may have been rotated"]);
    assert!(ended.took < Duration::from_secs(2), "it took {:?}", ended.took);
    for secret in ["wr0ng", "r1ght", url.as_str()] {
        assert!(!ended.text().contains(secret), "{}", ended.text());
    }
}

#[tokio::test]
async fn a_database_that_does_not_exist_ends_it_at_once() {
    let postgres = Postgres::start().await;
    let url = format!("{}/missing", postgres.url().strip_suffix("/steadfast").unwrap());
    let ended = init_db(&url).await;
    ended.assert(78, &["error: ", "3D000", "missing"]);
    assert!(ended.took < Duration::from_secs(2), "it took {:?}", ended.took);
}

#[tokio::test]
async fn a_role_that_may_not_create_tables_ends_it_at_once() {
    let postgres = Postgres::start().await;
    postgres.psql("REVOKE CREATE ON SCHEMA public FROM PUBLIC, steadfast; ALTER SCHEMA public OWNER TO postgres; ALTER DATABASE steadfast OWNER TO postgres").await;
    let ended = init_db(&postgres.url()).await;
    ended.assert(77, &["error: ", "42501"]);
}

#[tokio::test]
async fn a_table_of_somebody_else_is_left_alone() {
    let postgres = Postgres::start().await;
    postgres.psql("CREATE TABLE users (name text); ALTER TABLE users OWNER TO steadfast").await;
    let ended = init_db(&postgres.url()).await;
    ended.assert(78, &["error: ", "users", "email"]);
    let columns =
        "SELECT string_agg(column_name, ',') FROM information_schema.columns WHERE table_name = 'users'";
    assert_eq!(postgres.psql(columns).await, "name");
    assert_eq!(postgres.psql(TABLES).await, "1", "nothing else was left behind");
}

#[tokio::test]
async fn each_try_has_a_line_and_the_wait_ends_the_moment_the_database_answers() {
    let postgres = Postgres::start().await;
    postgres.stop(Mode::Fast).await;
    let (process, ..) = begin(&postgres.url()).await;
    let first = process.wait_for_line("attempt 1 of 6 failed", SOON).await;
    let second = process.wait_for_line("attempt 2 of 6 failed", SOON).await;
    for (line, next) in [(&first, "next in 2 s"), (&second, "next in 4 s")] {
        assert!(line.contains("refused") && line.contains(next), "{line}");
    }
    assert!(process.is_running());
    tokio::time::sleep(Duration::from_secs(1)).await;
    postgres.start_again().await;
    let arrived = Instant::now();
    let status = process.wait(SOON).await;
    let took = arrived.elapsed();
    println!("measured: init-db: ended {took:?} after PostgreSQL accepted connections");
    assert_eq!(status.code(), Some(0), "{:#?}", process.lines());
    assert!(
        took < Duration::from_millis(1500),
        "it ended {took:?} after the database's arrival, not in the rest of 4 s"
    );
    assert_eq!(postgres.psql(TABLES).await, "2");
}

#[tokio::test]
async fn a_url_that_cannot_be_is_refused_by_its_part_and_never_shown() {
    for (url, part) in [
        ("postgres://app:s3cret@host:99999/app", "port"),
        ("mysql://app:s3cret@host/app", "scheme"),
        ("postgres://app:s3cret@host/app?sslmode=sometimes", "sslmode"),
        ("postgres://app:s3cret@host/app?connect_timeout=soon", "connect_timeout"),
    ] {
        let ended = init_db(url).await;
        ended.assert(78, &["error: ", part]);
        assert!(!ended.text().contains("s3cret"), "{}", ended.text());
        assert!(ended.took < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn without_configuration_it_makes_the_sqlite_file() {
    let directory = Scratch::new();
    for _ in 0..2 {
        let process = Process::start(&mut steadfast(directory.path(), &["init-db"], &[])).await;
        assert_eq!(process.wait(SOON).await.code(), Some(0), "{:#?}", process.lines());
        process.wait_for_line("the schema is ready: SQLite file steadfast.sqlite3", SOON).await;
    }
    assert!(directory.path().join("steadfast.sqlite3").is_file());
}
