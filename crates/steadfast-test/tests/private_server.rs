//! The private server does what is asked of it, and leaves nothing behind.

#![cfg(test)]

use std::process::{Command, Stdio};
use std::time::Duration;

use steadfast_test::{Auth, Mode, Postgres, eventually, installed_versions};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn it_keeps_data_and_port_over_every_kind_of_stop() {
    let postgres = Postgres::start().await;
    let port = postgres.port();
    postgres.psql("CREATE TABLE t(n int)").await;
    for (n, mode) in [Mode::Smart, Mode::Fast, Mode::Immediate].into_iter().enumerate() {
        postgres.psql(&format!("INSERT INTO t VALUES ({n})")).await;
        postgres.stop(mode).await;
        assert!(!postgres.is_running());
        assert!(!postgres.accepts().await);
        postgres.start_again().await;
        assert!(postgres.accepts().await);
    }
    assert_eq!(postgres.psql("SELECT n FROM t ORDER BY n").await, "0\n1\n2");
    assert_eq!(postgres.port(), port);
}

#[tokio::test]
async fn it_recovers_from_a_killed_postmaster_even_when_it_was_paused() {
    let postgres = Postgres::start().await;
    postgres.psql("CREATE TABLE t AS SELECT 1 AS n").await;
    postgres.kill_9_postmaster().await;
    assert!(!postgres.is_running());
    postgres.start_again().await;
    postgres.pause();
    postgres.kill_9_postmaster().await;
    postgres.start_again().await;
    assert_eq!(postgres.psql("SELECT n FROM t").await, "1");
}

#[tokio::test]
async fn a_killed_backend_takes_all_sessions_with_it_and_the_server_comes_back() {
    let postgres = Postgres::start().await;
    let before = postgres.pid();
    let sleeper = postgres.psql("SELECT pg_sleep(600)");
    tokio::pin!(sleeper);
    let pid = tokio::select! {
        _ = &mut sleeper => unreachable!("it sleeps"),
        pid = async {
            eventually("the sleeper is seen", SOON, async || postgres.all_backends().await.active == 1).await;
            postgres.all_backends().await.pids[0]
        } => pid,
    };
    postgres.kill_9_backend(pid);
    eventually("recovery has begun", SOON, async || {
        postgres.log().contains("crash of another server process")
            || postgres.log().contains("reinitializing")
    })
    .await;
    postgres.wait_until_accepts().await;
    assert_eq!(postgres.pid(), before);
    assert_eq!(postgres.psql("SELECT 1").await, "1");
}

#[tokio::test]
async fn a_paused_server_holds_its_sockets_and_answers_nobody() {
    let postgres = Postgres::start().await;
    postgres.pause();
    let socket = tokio::net::TcpStream::connect(postgres.addr()).await;
    assert!(socket.is_ok(), "the kernel goes on accepting");
    assert!(!postgres.accepts().await);
    postgres.resume();
    postgres.wait_until_accepts().await;
}

#[tokio::test]
async fn settings_are_in_force_when_set_returns() {
    let postgres = Postgres::builder().setting("application_name", "it's").max_connections(17).start().await;
    assert_eq!(postgres.psql("SHOW max_connections").await, "17");
    assert_eq!(postgres.psql("SHOW fsync").await, "off");
    postgres.set("statement_timeout", "1234ms").await;
    assert_eq!(postgres.psql("SHOW statement_timeout").await, "1234ms");
    postgres.reset("statement_timeout").await;
    assert_eq!(postgres.psql("SHOW statement_timeout").await, "0");
}

#[tokio::test]
async fn passwords_are_asked_for_where_wanted() {
    for auth in [Auth::Scram, Auth::Md5, Auth::Password] {
        let postgres = Postgres::builder().auth(auth).password("p@ss'w/ö").start().await;
        assert!(postgres.url().contains("steadfast:p%40ss%27w%2F%C3%B6@127.0.0.1"), "{}", postgres.url());
        assert!(psql_by_url(&postgres.url()), "{auth:?}: the right password is let in");
        assert!(psql_by_url(&postgres.superuser_url()), "{auth:?}: the superuser as well");
        let wrong = postgres.url().replace("%C3%B6", "o");
        assert!(!psql_by_url(&wrong), "{auth:?}: a wrong password is refused");
    }
}

#[tokio::test]
async fn every_client_but_the_kits_own_is_counted() {
    let postgres = Postgres::start().await;
    let mut client = Command::new("psql")
        .args([&format!("{}?application_name=counted", postgres.url()), "-X", "-q"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    eventually("one idle", SOON, async || postgres.backends("counted").await.idle == 1).await;
    std::io::Write::write_all(&mut input, b"BEGIN;\n").unwrap();
    eventually("one in a transaction", SOON, async || {
        postgres.backends("counted").await.idle_in_transaction == 1
    })
    .await;
    assert_eq!(postgres.all_backends().await.total, 1);
    assert_eq!(postgres.backends("somebody else").await.total, 0);
    assert_eq!(postgres.terminate_backends("counted").await, 1);
    eventually("none", SOON, async || postgres.all_backends().await.total == 0).await;
    drop(input);
    client.wait().unwrap();
}

#[tokio::test]
async fn a_standby_follows_and_takes_over() {
    let primary = Postgres::start().await;
    let standby = primary.standby().await;
    primary.psql("CREATE TABLE t AS SELECT 7 AS n").await;
    standby.wait_until_caught_up_with(&primary).await;
    assert_eq!(standby.psql("SELECT n FROM t").await, "7");
    let refused = standby.try_psql("INSERT INTO t VALUES (8)").await.unwrap_err();
    assert!(refused.to_string().contains("25006"), "{refused}");
    primary.stop(Mode::Immediate).await;
    assert!(standby.is_standby().await);
    standby.promote().await;
    assert!(!standby.is_standby().await);
    standby.psql("INSERT INTO t VALUES (8)").await;
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let error = Postgres::builder().setting("shared_buffers", "nonsense").try_start().await.unwrap_err();
    assert!(error.to_string().contains("invalid value for parameter"), "{error}");
    let error = Postgres::builder().version(7).try_start().await.unwrap_err();
    assert!(error.to_string().contains("apt-get install"), "{error}");
}

#[tokio::test]
async fn every_installed_version_can_be_chosen() {
    for version in installed_versions() {
        let postgres = Postgres::builder().version(version).start().await;
        assert_eq!(postgres.version(), version);
        assert!(postgres.psql("SHOW server_version").await.starts_with(&version.to_string()));
    }
}

#[tokio::test]
async fn destroy_returns_when_nothing_is_left() {
    for paused in [false, true] {
        let postgres = Postgres::start().await;
        let (pid, directory) = (postgres.pid(), postgres.directory().to_owned());
        if paused {
            postgres.pause();
        }
        postgres.destroy().await;
        assert!(!directory.exists());
        assert!(!is_process(pid));
    }
}

#[tokio::test]
async fn a_killed_server_leaves_no_shared_memory() {
    let postgres = Postgres::start().await;
    let lock_file = std::fs::read_to_string(postgres.directory().join("data/postmaster.pid")).unwrap();
    let segment = lock_file.lines().nth(6).unwrap().split_whitespace().last().unwrap().to_owned();
    let exists = || {
        std::fs::read_to_string("/proc/sysvipc/shm").is_ok_and(|list| {
            list.lines().any(|line| line.split_whitespace().nth(1) == Some(segment.as_str()))
        })
    };
    assert!(exists());
    postgres.kill_9_postmaster().await;
    postgres.destroy().await;
    assert!(!exists());
}

/// The same test program again, as a child that can be killed: it starts a server and waits.
#[tokio::test]
async fn a_killed_test_leaves_nothing_behind() {
    const ROLE: &str = "STEADFAST_TEST_VICTIM";
    if Command::new("printenv").arg(ROLE).output().is_ok_and(|output| output.status.success()) {
        let postgres = Postgres::start().await;
        println!("victim {} {}", postgres.pid(), postgres.directory().display());
        std::future::pending::<()>().await;
    }
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_test_leaves_nothing_behind", "--nocapture"])
        .env(ROLE, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(victim.stdout.take().unwrap());
    let line = std::io::BufRead::lines(output)
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("victim ")?.1.to_owned()))
        .unwrap();
    let (pid, directory) = line.split_once(' ').unwrap();
    let (pid, directory) = (pid.parse().unwrap(), std::path::PathBuf::from(directory));
    assert!(is_process(pid) && directory.exists());
    victim.kill().unwrap();
    victim.wait().unwrap();
    eventually("server and directory are gone", SOON, async || !is_process(pid) && !directory.exists()).await;
}

fn is_process(pid: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !state.is_empty() && !state.contains(") Z ")
}

fn psql_by_url(url: &str) -> bool {
    let output = Command::new("psql").args([url, "-X", "-w", "-c", "SELECT 1"]).output().unwrap();
    output.status.success()
}
