//! The account that a server runs under: PostgreSQL refuses to run as root.

use std::path::Path;

use tokio::process::Command;

use crate::error::Error;

/// Whose processes and files a server consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// The account of the test itself.
    Own,
    /// We are root and step down to this one.
    Other { user: u32, group: u32 },
}

impl Account {
    pub(crate) fn choose() -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        let passwd = std::fs::read_to_string("/etc/passwd")
            .map_err(|cause| Error::system("reading /etc/passwd to find an account for PostgreSQL", cause))?;
        ["postgres", "nobody"].iter().find_map(|name| find(&passwd, name)).ok_or_else(|| {
            Error::new(
                "PostgreSQL refuses to run as root, and there is neither an account postgres nor nobody; \
                 create one (useradd --system postgres) or run the tests as an ordinary user",
            )
        })
    }

    /// Makes a command run under this account, with an environment that is the same everywhere.
    pub(crate) fn prepare(self, command: &mut Command) {
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").current_dir("/");
        if let Ok(path) = std::env::join_paths(crate::environment::path()) {
            command.env("PATH", path);
        }
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
    }

    /// Gives a file or directory to this account.
    pub(crate) fn own(self, path: &Path) -> Result<(), Error> {
        let Self::Other { user, group } = self else {
            return Ok(());
        };
        std::os::unix::fs::chown(path, Some(user), Some(group))
            .map_err(|cause| Error::system(format_args!("giving {} to user {user}", path.display()), cause))
    }
}

fn find(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2).map(str::parse::<u32>);
    Some(Account::Other { user: fields.next()?.ok()?, group: fields.next()?.ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_their_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104:,,,:/var:/bin/sh\n";
        assert_eq!(find(passwd, "postgres"), Some(Account::Other { user: 101, group: 104 }));
        assert_eq!(find(passwd, "nobody"), None);
        assert_eq!(find("postgres:x:none:1:::", "postgres"), None);
    }
}
