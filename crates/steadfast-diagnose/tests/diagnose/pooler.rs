//! PgBouncer in between.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use steadfast_diagnose::{Options, Verdict};
use steadfast_test::{Postgres, eventually};

use crate::support::{broken, evidence, finding, page, run_with, snapshot};

/// PgBouncer in front of a server, in transaction mode; it ends with the value.
struct PgBouncer {
    child: Child,
    directory: PathBuf,
    port: u16,
}

impl PgBouncer {
    async fn start(server: &Postgres, more: &str) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let directory =
            std::env::temp_dir().join(format!("steadfast-pgbouncer-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
        let configuration = format!(
            "[databases]\nsteadfast = host=127.0.0.1 port={} dbname=steadfast\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}/users\npool_mode = transaction\n{more}\n",
            server.port(),
            directory.display()
        );
        std::fs::write(directory.join("users"), "\"steadfast\" \"\"\n").unwrap();
        std::fs::write(directory.join("pgbouncer.ini"), configuration).unwrap();
        let program = ["/usr/sbin/pgbouncer", "pgbouncer"]
            .into_iter()
            .find(|path| !path.starts_with('/') || std::path::Path::new(path).exists());
        let mut command = Command::new(program.expect("one of the two"));
        command
            .arg(directory.join("pgbouncer.ini"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            // It refuses to run as root.
            command.uid(65_534).gid(65_534);
        }
        let child = command.spawn().expect("scripts/install-test-tools pgbouncer installs it");
        let pooler = Self { child, directory, port };
        eventually("PgBouncer listens", Duration::from_secs(20), async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
        pooler
    }

    fn url(&self, parameters: &str) -> String {
        format!("postgres://steadfast@127.0.0.1:{}/steadfast?{parameters}", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

fn only(options: &mut Options) {
    options.only =
        ["authentication", "pooler", "capacity", "latency", "features"].map(str::to_owned).to_vec();
}

#[tokio::test]
async fn a_transaction_pooler_is_recognised_and_so_is_what_it_forgets() {
    let server = Postgres::start().await;
    let pooler = PgBouncer::start(&server, "").await;
    let report = run_with(&pooler.url(""), only).await;
    assert_eq!(evidence(&report, "pooler", "pooler"), "Flag(true)", "{}", page(&report));
    assert_eq!(evidence(&report, "features", "prepared statements last"), "Flag(false)", "{}", page(&report));
    broken(&report, "features", Some("prepared-statement-missing"));
    snapshot!("pgbouncer", report);
    let heeded = run_with(&pooler.url("statement_cache=0"), only).await;
    assert!(heeded.verdict() < Verdict::Failure, "{}", page(&heeded));
    assert_eq!(finding(&heeded, "features").verdict(), Verdict::Ok, "{}", page(&heeded));
}

#[tokio::test]
async fn a_pooler_without_a_database_behind_it_and_one_that_does_not_know_the_database() {
    let server = Postgres::start().await;
    let pooler = PgBouncer::start(&server, "server_login_retry = 1\nquery_wait_timeout = 2").await;
    let unknown = format!("postgres://steadfast@127.0.0.1:{}/other", pooler.port);
    let report = run_with(&unknown, only).await;
    broken(&report, "authentication", Some("pooler-database-unknown"));
    server.stop(steadfast_test::Mode::Immediate).await;
    let report = run_with(&pooler.url("connect_timeout=4"), only).await;
    assert_eq!(report.verdict(), Verdict::Failure, "{}", page(&report));
}

#[tokio::test]
async fn a_proxy_is_told_from_a_pooler() {
    let server = Postgres::start().await;
    let relay = steadfast_test::Relay::to(server.addr()).await;
    let report = run_with(&relay.url_from(&server), only).await;
    assert_eq!(report.verdict(), Verdict::Ok, "{}", page(&report));
    assert!(page(&report).contains("a proxy or address translation"), "{}", page(&report));
    let direct = run_with(&server.url(), only).await;
    assert!(page(&direct).contains("connected directly"), "{}", page(&direct));
}
