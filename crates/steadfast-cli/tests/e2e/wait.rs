//! `wait`: what it prints, with which code it ends, and what it becomes.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

use crate::support::scratch::Scratch;
use crate::support::{SOON, steadfast};
use steadfast_test::{Auth, Mode, Postgres, Process, Signal, holds_within};
use tokio::net::TcpListener;
use tokio::time::Instant;

struct Waiting {
    process: Process,
    began: Instant,
    directory: Scratch,
}

impl Waiting {
    async fn begin(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let directory = Scratch::new();
        let mut command = steadfast(directory.path(), &[&["wait"], arguments].concat(), environment);
        let began = Instant::now();
        Self { process: Process::start(&mut command).await, began, directory }
    }

    async fn on(url: &str, arguments: &[&str]) -> Self {
        Self::begin(arguments, &[("DATABASE_URL", url)]).await
    }

    #[track_caller]
    fn assert(&self, code: Option<i32>, expected: i32, words: &[&str]) {
        let text = self.process.lines().join("\n");
        assert_eq!(code, Some(expected), "{text}");
        for word in words {
            assert!(text.contains(word), "{word:?} is missing:\n{text}");
        }
    }

    async fn ends(&self, code: i32, words: &[&str]) {
        let status = self.process.wait(SOON).await;
        self.assert(status.code(), code, words);
    }
}

#[tokio::test]
async fn a_database_that_is_there_is_usable_at_once() {
    let postgres = Postgres::start().await;
    let waiting = Waiting::on(&postgres.url(), &[]).await;
    waiting.ends(0, &["the database is usable after", "PostgreSQL at 127.0.0.1"]).await;
    assert!(!waiting.process.lines().join("\n").contains("attempt"), "{:#?}", waiting.process.lines());
    assert_eq!(postgres.backends("steadfast").await.total, 0, "it said goodbye");
}

#[tokio::test]
async fn a_late_server_is_waited_for_and_every_try_is_told() {
    let postgres = Postgres::start().await;
    postgres.stop(Mode::Fast).await;
    let waiting = Waiting::on(&postgres.url(), &[]).await;
    let first = waiting.process.wait_for_line("attempt 1 failed", SOON).await;
    let second = waiting.process.wait_for_line("attempt 2 failed", SOON).await;
    for (line, next) in [(&first, "next in 2 s"), (&second, "next in 4 s")] {
        assert!(line.contains("refused") && line.contains(next) && line.contains(" left"), "{line}");
    }
    assert!(waiting.process.is_running());
    postgres.start_again().await;
    let arrived = Instant::now();
    waiting.ends(0, &["the database is usable after"]).await;
    assert!(arrived.elapsed() < Duration::from_secs(3), "not in the rest of 4 s: {:?}", arrived.elapsed());
}

#[tokio::test]
async fn a_wrong_password_ends_it_at_once_without_the_secret() {
    let postgres = Postgres::builder().auth(Auth::Scram).password("r1ght").start().await;
    let url = postgres.url().replace("r1ght", "wr0ng");
    let waiting = Waiting::on(&url, &["--", "echo", "never"]).await;
    waiting.ends(77, &["error, and waiting does not help: ", "28P01"]).await;
    assert!(waiting.began.elapsed() < Duration::from_secs(10), "not 62 s");
    let text = waiting.process.lines().join("\n");
    assert!(!text.contains("wr0ng") && !text.contains("never"), "{text}");
    let missing = format!("{}/missing", postgres.url().strip_suffix("/steadfast").unwrap());
    Waiting::on(&missing, &[]).await.ends(78, &["3D000"]).await;
}

#[tokio::test]
async fn the_time_is_up_with_the_last_cause_when_nobody_listens_and_when_nobody_answers() {
    let refused = Waiting::on("postgres://app:s3cret@127.0.0.1:1/app", &["--timeout", "1500ms"]).await;
    refused.ends(69, &["attempt 1 failed: ", "gave up after 1", "refused"]).await;
    assert!(!refused.process.lines().join("\n").contains("s3cret"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://app@{}/app", listener.local_addr().unwrap());
    let silent = Waiting::on(&url, &["--timeout", "1"]).await;
    silent.ends(69, &["gave up after 1", "does not answer"]).await;
    assert!(silent.began.elapsed() < Duration::from_secs(10), "{:?}", silent.began.elapsed());
}

#[tokio::test]
async fn it_becomes_the_command_with_its_process_number_its_output_and_its_exit_code() {
    let postgres = Postgres::start().await;
    let script = "echo I am $$ with \"$1\" and $KEPT; exit 42";
    let arguments = ["--timeout", "30s", "--", "sh", "-c", script, "sh", "two words"];
    let environment =
        [("DATABASE_URL", &*postgres.url()), ("KEPT", "environment"), ("PATH", "/usr/bin:/bin")];
    let waiting = Waiting::begin(&arguments, &environment).await;
    let id = waiting.process.pid();
    waiting.ends(42, &[&format!("I am {id} with two words and environment")]).await;
}

#[tokio::test]
async fn a_command_that_cannot_be_started_ends_as_in_a_shell() {
    let url = [("DATABASE_URL", "sqlite::memory:"), ("PATH", "/usr/bin:/bin")];
    let missing = Waiting::begin(&["--", "no-such-command-here"], &url).await;
    missing.ends(127, &["the command no-such-command-here cannot be started"]).await;
    let directory = Waiting::begin(&["--", "/"], &url).await;
    directory.ends(126, &["cannot be started"]).await;
}

#[tokio::test]
async fn as_the_first_process_of_a_container_it_ends_when_told_to() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let waiting = Waiting::on("postgres://app@127.0.0.1:1/app", &[]).await;
        waiting.process.wait_for_line("attempt 1 failed", SOON).await;
        waiting.process.signal(signal);
        waiting.ends(code, &[]).await;
    }
}

#[tokio::test]
async fn sqlite_is_usable_when_its_file_is_and_a_missing_url_is_told() {
    let none = Waiting::begin(&[], &[]).await;
    none.ends(0, &["warning: no DATABASE_URL is set", "SQLite file steadfast.sqlite3", "usable"]).await;
    assert!(none.directory.path().join("steadfast.sqlite3").is_file());
    let nowhere = Waiting::on("sqlite:///no/such/directory/x.sqlite3", &[]).await;
    nowhere.ends(78, &["does not exist"]).await;
}

#[tokio::test]
async fn options_of_our_own_service_do_not_keep_another_program_from_starting() {
    let foreign =
        [("DATABASE_URL", "sqlite::memory:"), ("PORT", "tcp://10.0.0.1:80"), ("HOST", "not a host")];
    Waiting::begin(&[], &foreign).await.ends(0, &["usable"]).await;
    let broken = [("DATABASE_URL", "mysql://app:s3cret@host/app")];
    let waiting = Waiting::begin(&[], &broken).await;
    waiting.ends(78, &["DATABASE_URL", "MySQL"]).await;
    assert!(!waiting.process.lines().join("\n").contains("s3cret"));
}

#[tokio::test]
async fn it_ends_by_its_deadline_although_nobody_reads_what_it_says() {
    let (mut full, _unread) = UnixStream::pair().unwrap();
    full.set_nonblocking(true).unwrap();
    while full.write(&[b'.'; 4096]).is_ok() {}
    full.set_nonblocking(false).unwrap();
    let directory = Scratch::new();
    let url = ("DATABASE_URL", "postgres://app:s3cret@127.0.0.1:1/app");
    let arguments = ["wait", "--timeout", "1500ms"];
    let mut command = steadfast(directory.path(), &arguments, &[url, ("STEADFAST_LOG", "trace")]);
    let mut child = command.stdout(Stdio::null()).stderr(OwnedFd::from(full)).spawn().unwrap();
    let hangs = !holds_within(SOON, async || child.try_wait().unwrap().is_some()).await;
    if hangs {
        child.kill().unwrap();
    }
    assert_eq!(child.wait().unwrap().code(), Some(69));
}
