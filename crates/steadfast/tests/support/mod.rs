//! A PostgreSQL server of one's own, for one test binary.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use steadfast::config::{PostgresOptions, SslMode};
use steadfast::connector::{Alarm, Condition, Connector as _};
use steadfast::postgres::{PostgresConnection, PostgresConnector};

/// A running server. Ends with its value.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
    pub directory: PathBuf,
    process: Child,
}

/// How a server is set up.
#[derive(Default)]
pub struct Setup<'a> {
    /// Lines for postgresql.conf.
    pub settings: &'a str,
    /// The whole of pg_hba.conf; by default everybody is trusted.
    pub hba: Option<&'a str>,
    /// Files to put into the data directory.
    pub files: &'a [(&'a str, String)],
    /// Makes it a standby of this server.
    pub standby_of: Option<&'a Server>,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Server {
    pub fn start(setup: &Setup<'_>) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("steadfast-{}-{number}", std::process::id()));
        let data = directory.join("data");
        fs::create_dir_all(&directory).unwrap();
        own(&directory);
        let text = directory.display();
        let made = match setup.standby_of {
            None => run(
                "initdb",
                &format!(
                    "-D {text}/data -U postgres -A trust --no-sync --no-instructions -E UTF8 --locale=C"
                ),
            ),
            Some(primary) => run(
                "pg_basebackup",
                &format!("-D {text}/data -R -X stream -c fast -h 127.0.0.1 -U postgres -p {}", primary.port),
            ),
        };
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for (name, content) in setup.files {
            let path = data.join(name);
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            own(&path);
        }
        if let Some(hba) = setup.hba {
            fs::write(data.join("pg_hba.conf"), hba).unwrap();
        }
        let port = free_port();
        let settings = format!(
            "listen_addresses='127.0.0.1'\nport={port}\nunix_socket_directories='{text}'\nfsync=off\n\
             max_connections=40\nshared_buffers=16MB\n{}\n",
            setup.settings
        );
        let configuration = data.join("postgresql.conf");
        let given = fs::read_to_string(&configuration).unwrap();
        fs::write(&configuration, format!("{given}\n{settings}")).unwrap();
        let log = fs::File::create(directory.join("log")).unwrap();
        let process = command("postgres")
            .args(["-D", &data.display().to_string()])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self { port, directory, process };
        server.end_with_this_process();
        server.wait();
        server
    }

    fn wait(&self) {
        for _ in 0..600 {
            let ready = run("pg_isready", &format!("-q -h {} -p {}", self.directory.display(), self.port));
            if ready.status.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server did not start: {}", fs::read_to_string(self.directory.join("log")).unwrap());
    }

    /// A static is never dropped: a shell waits for this process to end and ends the server.
    #[expect(clippy::zombie_processes, reason = "it ends after this process, which cannot wait for it")]
    fn end_with_this_process(&self) {
        let script = "while kill -0 $1 2>/dev/null; do sleep 0.2; done; kill -QUIT $2 2>/dev/null; sleep 0.2; rm -rf $3";
        let arguments = [std::process::id().to_string(), self.process.id().to_string()];
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "watchdog"]).args(arguments).arg(&self.directory);
        shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    }

    /// Runs statements through the server's own client, over its socket.
    pub fn psql(&self, sql: &str) {
        let directory = self.directory.display().to_string();
        let output = command("psql")
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h", &directory])
            .args(["-p", &self.port.to_string(), "-c", sql])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub fn options(&self) -> PostgresOptions {
        let mut options = PostgresOptions::default();
        options.hosts = vec![("127.0.0.1".to_owned(), self.port)];
        options.tls.mode = SslMode::Disable;
        options
    }

    /// A connection by default options, changed by this function.
    pub async fn connect(
        &self,
        change: impl FnOnce(&mut PostgresOptions),
    ) -> (PostgresConnector, PostgresConnection) {
        let mut options = self.options();
        change(&mut options);
        let connector = connector(options);
        let connection = connector.connect(Alarm::silent()).await.unwrap();
        (connector, connection)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Immediate shutdown: the data is thrown away anyway.
        let pid = self.process.id().to_string();
        drop(Command::new("kill").args(["-QUIT", &pid]).status());
        drop(self.process.wait());
        drop(fs::remove_dir_all(&self.directory));
    }
}

pub fn connector(options: PostgresOptions) -> PostgresConnector {
    PostgresConnector::new(options, Duration::from_secs(10)).unwrap()
}

pub fn is_dirty(condition: &Condition) -> bool {
    matches!(condition, Condition::Dirty)
}

pub fn is_ready(condition: &Condition) -> bool {
    matches!(condition, Condition::Ready)
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Waits until a condition holds, five seconds at most.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = tokio::time::Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(5), "not within 5 s: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn run(program: &str, arguments: &str) -> std::process::Output {
    command(program).args(arguments.split(' ')).output().unwrap()
}

/// A program of the newest server installed, run as somebody else when we are root.
fn command(program: &str) -> Command {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL's server programs are needed: apt-get install postgresql")
        .map(|entry| entry.unwrap().path())
        .collect();
    versions.sort();
    let mut command = Command::new(versions.pop().unwrap().join("bin").join(program));
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
    command
}

fn own(path: &Path) {
    if let Some((user, group)) = other_user() {
        chown(path, Some(user), Some(group)).unwrap();
    }
}

fn other_user() -> Option<(u32, u32)> {
    let me =
        fs::metadata("/proc/self").map(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata)).unwrap();
    if me != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:")).expect("a user `postgres`");
    let mut fields = line.split(':').skip(2).map(|field| field.parse().unwrap());
    Some((fields.next().unwrap(), fields.next().unwrap()))
}
