//! Where the server's programs are.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment;
use crate::error::Error;

/// A directory with the programs of one PostgreSQL version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    directory: PathBuf,
    major: u32,
    /// As the server tells it, such as `15.18 (Debian 15.18-0+deb12u1)`.
    version: String,
}

/// The major versions of PostgreSQL that are installed here, newest first.
#[must_use]
pub fn installed_versions() -> Vec<u32> {
    let mut majors: Vec<u32> = candidates().iter().filter_map(|dir| inspect(dir)).map(|b| b.major).collect();
    majors.sort_unstable_by(|a, b| b.cmp(a));
    majors.dedup();
    majors
}

impl Binaries {
    /// The programs of the wanted major version, or of the best place when any will do.
    pub(crate) fn find(wanted: Option<u32>) -> Result<Self, Error> {
        let candidates = candidates();
        let mut found = candidates.iter().filter_map(|directory| inspect(directory));
        found.find(|binaries| wanted.is_none_or(|major| major == binaries.major)).ok_or_else(|| {
            let what = wanted.map_or_else(|| "PostgreSQL".to_owned(), |major| format!("PostgreSQL {major}"));
            Error::new(format!(
                "no server programs of {what} found (initdb, postgres, psql). Debian and Ubuntu: \
                 apt-get install postgresql; Fedora: dnf install postgresql-server postgresql-contrib; \
                 macOS: brew install postgresql. They are searched in STEADFAST_TEST_PG_BIN, \
                 /usr/lib/postgresql/*/bin, /usr/pgsql-*/bin, the Homebrew directories and PATH",
            ))
        })
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(crate) fn major(&self) -> u32 {
        self.major
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }
}

/// The directories worth a look, best first.
fn candidates() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = environment::postgres_bin().into_iter().collect();
    let mut versioned = Vec::new();
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
    ] {
        versioned.extend(numbered(Path::new(parent), prefix));
    }
    versioned.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    all.extend(versioned.into_iter().map(|(_, directory)| directory));
    all.extend(environment::path());
    all
}

/// `parent/<prefix><number>/bin` for each number there is.
fn numbered(parent: &Path, prefix: &str) -> Vec<(u32, PathBuf)> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let numbered = entries.filter_map(|entry| {
        let number = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
        Some((number, entry.path().join("bin")))
    });
    numbered.collect()
}

fn inspect(directory: &Path) -> Option<Binaries> {
    if !["initdb", "postgres", "psql"].iter().all(|name| directory.join(name).is_file()) {
        return None;
    }
    let output = Command::new(directory.join("postgres")).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout)).map(|(major, version)| Binaries {
        directory: directory.to_path_buf(),
        major,
        version,
    })
}

/// `postgres (PostgreSQL) 15.18 (Debian ..)` -> 15 and everything behind the product's name.
fn parse_version(line: &str) -> Option<(u32, String)> {
    let version = line.trim().split_once(") ")?.1;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_betas_and_packages_are_understood() {
        let debian = parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n");
        assert_eq!(debian, Some((15, "15.18 (Debian 15.18-0+deb12u1)".to_owned())));
        assert_eq!(parse_version("postgres (PostgreSQL) 19beta2"), Some((19, "19beta2".to_owned())));
        assert_eq!(parse_version("mysqld Ver 8"), None);
    }

    #[test]
    fn what_is_not_installed_is_refused_with_the_way_to_get_it() {
        let error = Binaries::find(Some(7)).unwrap_err().to_string();
        assert!(error.contains("PostgreSQL 7") && error.contains("apt-get install postgresql"), "{error}");
    }

    #[test]
    fn the_wanted_version_is_found_when_it_is_installed() {
        for major in installed_versions() {
            assert_eq!(Binaries::find(Some(major)).unwrap().major(), major);
        }
    }
}
