//! What a server shall be like.

use std::path::{Path, PathBuf};

use super::access::{Auth, hba};
use super::account::Account;
use super::binaries::Binaries;
use super::server::Postgres;
use super::template;
use crate::error::{Error, must};
use crate::port::ReservedPort;
use crate::watchdog::Watchdog;
use crate::workspace;

/// How many ports are tried when others take them between choosing and binding.
const PORT_TRIES: usize = 10;

/// Small, fast, and quiet between tests. Settings of the test come after these and win.
const USUAL_SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "50"),
    ("shared_buffers", "16MB"),
    // Segments in the data directory go away with it, whatever happens to the server.
    ("dynamic_shared_memory_type", "mmap"),
    ("fsync", "off"),
    ("autovacuum", "off"),
    ("max_wal_senders", "5"),
    ("hot_standby", "on"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("lc_messages", "C"),
    ("log_connections", "on"),
    ("log_disconnections", "on"),
    ("log_line_prefix", "%m [%p] %q%u@%d %a "),
];

/// Describes a private server; [`start`](Self::start) makes it.
///
/// The defaults: the newest installed version, 50 connections, no password, no TLS, `fsync` off.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing runs before start()"]
pub struct Builder {
    version: Option<u32>,
    settings: Vec<(String, String)>,
    hba: Vec<String>,
    auth: Auth,
    password: Option<String>,
    tls: Option<Tls>,
}

/// Texts in PEM.
#[derive(Debug, Clone)]
struct Tls {
    certificate: String,
    key: String,
    client_ca: Option<String>,
}

impl Builder {
    /// A major version, such as 15; see [`installed_versions`](super::installed_versions). Default: the newest.
    pub fn version(mut self, major: u32) -> Self {
        self.version = Some(major);
        self
    }

    /// A line of `postgresql.conf`. The value is quoted here.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }

    /// How many connections the server allows; three of them are for superusers only. Default 50.
    pub fn max_connections(self, connections: u32) -> Self {
        self.setting("max_connections", &connections.to_string())
    }

    /// Whether the server waits for the disk. Default off: what is killed here is the server, never the
    /// machine, and the system keeps what a killed server has written.
    pub fn fsync(self, on: bool) -> Self {
        self.setting("fsync", if on { "on" } else { "off" })
    }

    /// A line of `pg_hba.conf`, decided before the usual ones.
    pub fn hba_line(mut self, line: &str) -> Self {
        self.hba.push(line.to_owned());
        self
    }

    /// How clients on TCP log in. Default [`Auth::Trust`].
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// The password of the roles `steadfast` and `postgres`. Default: `steadfast` where `auth` asks for one.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Switches TLS on, with the server's certificate chain and key in PEM.
    pub fn tls(mut self, certificate: &str, key: &str) -> Self {
        self.tls = Some(Tls { certificate: certificate.to_owned(), key: key.to_owned(), client_ca: None });
        self
    }

    /// The authority that client certificates are checked against, in PEM. Without [`tls`](Self::tls) it has
    /// no effect.
    pub fn tls_client_ca(mut self, authority: &str) -> Self {
        if let Some(tls) = &mut self.tls {
            tls.client_ca = Some(authority.to_owned());
        }
        self
    }

    /// Starts the server and returns when it accepts connections.
    ///
    /// # Panics
    /// When there is no PostgreSQL, or it does not start; the message says why and what to do.
    ///
    /// # Cancel safety
    /// May be dropped at any time: what was started is ended.
    pub async fn start(self) -> Postgres {
        must(self.try_start().await)
    }

    /// As [`start`](Self::start), for whoever skips what cannot run here.
    ///
    /// # Errors
    /// When there is no PostgreSQL, or it does not start; the message says why and what to do.
    pub async fn try_start(self) -> Result<Postgres, Error> {
        let (binaries, account) = (Binaries::find(self.version)?, Account::choose()?);
        let directory = workspace::fresh("pg")?;
        let watchdog = Watchdog::of_server(&directory)?;
        workspace::set_mode(&directory, 0o700)?;
        account.own(&directory)?;
        template::copy_to(&binaries, account, &directory.join("data")).await?;
        self.configure(account, &directory)?;
        let password = self.password_in_use();
        let server = Postgres::new(binaries, account, directory, ReservedPort::choose()?, watchdog, password);
        let server = start_on_a_free_port(server).await?;
        if let Some(password) = server.password() {
            let encryption = self.auth.password_encryption();
            let literal = password.replace('\'', "''");
            let statements = ["steadfast", "postgres"].map(|role| {
                format!("SET password_encryption = '{encryption}'; ALTER ROLE {role} PASSWORD '{literal}';")
            });
            server.try_psql(&statements.concat()).await?;
        }
        Ok(server)
    }

    fn password_in_use(&self) -> Option<String> {
        match (&self.password, self.auth) {
            (Some(password), _) => Some(password.clone()),
            (None, Auth::Trust) => None,
            (None, Auth::Scram | Auth::Md5 | Auth::Password) => Some("steadfast".to_owned()),
        }
    }

    fn configure(&self, account: Account, directory: &Path) -> Result<(), Error> {
        let data = directory.join("data");
        let mut settings: Vec<(&str, &str)> = USUAL_SETTINGS.to_vec();
        if let Some(tls) = &self.tls {
            write(account, &data.join("server.crt"), &tls.certificate)?;
            write(account, &data.join("server.key"), &tls.key)?;
            settings.push(("ssl", "on"));
            if let Some(authority) = &tls.client_ca {
                write(account, &data.join("client-ca.crt"), authority)?;
                settings.push(("ssl_ca_file", "client-ca.crt"));
            }
        }
        settings.extend(self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let lines: Vec<String> = settings.iter().map(|(name, value)| setting_line(name, value)).collect();
        let path = data.join("postgresql.conf");
        let made_by_initdb = std::fs::read_to_string(&path)
            .map_err(|cause| Error::system(format_args!("reading {}", path.display()), cause))?;
        write(account, &path, &format!("{made_by_initdb}\n{}\n", lines.join("\n")))?;
        write(account, &data.join("pg_hba.conf"), &hba(&self.hba, self.auth))
    }
}

/// Between choosing a port and binding it somebody else can be faster; then it is simply another one.
pub(crate) async fn start_on_a_free_port(mut server: Postgres) -> Result<Postgres, Error> {
    for _ in 1..PORT_TRIES {
        match server.launch().await {
            Err(error) if error.to_string().contains("Address already in use") => {
                server.move_to(ReservedPort::choose()?);
            }
            outcome => return outcome.map(|()| server),
        }
    }
    server.launch().await.map(|()| server)
}

pub(crate) fn setting_line(name: &str, value: &str) -> String {
    format!("{name} = '{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

fn write(account: Account, path: &PathBuf, text: &str) -> Result<(), Error> {
    let failed = |cause| Error::system(format_args!("writing {}", path.display()), cause);
    std::fs::write(path, text).map_err(failed)?;
    // The server refuses a key that others may read.
    workspace::set_mode(path, 0o600)?;
    account.own(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_keeps_its_quotes_and_backslashes() {
        assert_eq!(setting_line("log_line_prefix", r"it's \d"), r"log_line_prefix = 'it''s \\d'");
    }

    #[test]
    fn a_password_is_there_where_the_method_asks_for_one() {
        assert_eq!(Builder::default().password_in_use(), None);
        assert_eq!(Builder::default().auth(Auth::Scram).password_in_use().as_deref(), Some("steadfast"));
        assert_eq!(Builder::default().password("x").password_in_use().as_deref(), Some("x"));
    }
}
