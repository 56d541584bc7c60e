//! PgBouncer, the pooler of the field, in front of a private server.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::error::{Error, must};
use crate::eventually::eventually;
use crate::port::ReservedPort;
use crate::postgres::{Account, Postgres};
use crate::process::Process;

/// A PgBouncer in transaction mode, which gives each transaction whichever server connection is free.
///
/// Installed by `scripts/install-test-tools pgbouncer`. Dropped, or left behind by a test that was killed, it is ended.
///
/// # Panics
/// Every method panics when the system does not do what was asked, saying what happened.
#[derive(Debug)]
pub struct PgBouncer {
    process: Process,
    directory: PathBuf,
    port: ReservedPort,
}

impl PgBouncer {
    /// Starts one in front of a server; it listens when this returns. `settings` are lines of its `pgbouncer.ini`.
    ///
    /// # Panics
    /// When there is no PgBouncer.
    pub async fn before(server: &Postgres, settings: &str) -> Self {
        let port = must(ReservedPort::choose());
        let directory = std::env::temp_dir().join(format!("steadfast-pgbouncer-{}", port.number()));
        must(write(&directory, server, port.number(), settings));
        let mut command = Command::new(must(program()));
        command.arg(directory.join("pgbouncer.ini"));
        if let Account::Other { user, group } = must(Account::choose()) {
            // It refuses to run as root.
            command.uid(user).gid(group);
        }
        let process = Process::start(&mut command).await;
        let pooler = Self { process, directory, port };
        eventually("PgBouncer listens", Duration::from_secs(20), async || {
            tokio::net::TcpStream::connect(pooler.port.address()).await.is_ok()
        })
        .await;
        pooler
    }

    /// The URL of the server's database by way of this pooler.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://steadfast@{}/steadfast", self.port.address())
    }

    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.lines().join("\n")
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // The process ends with the field; it has read its files long ago.
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

fn program() -> Result<PathBuf, Error> {
    let places = crate::environment::path().into_iter().map(|directory| directory.join("pgbouncer"));
    std::iter::once(PathBuf::from("/usr/sbin/pgbouncer"))
        .chain(places)
        .find(|path| path.exists())
        .ok_or_else(|| Error::new("there is no PgBouncer: scripts/install-test-tools pgbouncer installs it"))
}

fn write(directory: &Path, server: &Postgres, port: u16, settings: &str) -> Result<(), Error> {
    let failed = |cause| Error::system("writing the configuration of PgBouncer", cause);
    std::fs::create_dir_all(directory).map_err(failed)?;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).map_err(failed)?;
    let users = directory.join("users");
    let lines = format!(
        "[databases]\nsteadfast = host=127.0.0.1 port={} dbname=steadfast\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
         listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = transaction\n\
         {settings}\n",
        server.port(),
        users.display()
    );
    std::fs::write(&users, "\"steadfast\" \"\"\n").map_err(failed)?;
    std::fs::write(directory.join("pgbouncer.ini"), lines).map_err(failed)
}
