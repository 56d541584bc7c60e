//! Where and how SQLite keeps its data.

use std::path::PathBuf;

use crate::config::options::first;
use crate::error::ConfigError;
use crate::time::Duration;

/// Where and how SQLite keeps its data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// The file, or memory; default the file `steadfast.sqlite3` in the working directory.
    pub location: SqliteLocation,
    /// How long a statement waits for another process's lock; default 5 s: long enough for any sane
    /// transaction, short enough to be noticed. 0 does not wait.
    pub busy_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            location: SqliteLocation::File("steadfast.sqlite3".into()),
            busy_timeout: Duration::from_secs(5),
        }
    }
}

impl SqliteOptions {
    /// Checks that the options can work.
    ///
    /// # Errors
    /// Names the first option that cannot.
    pub fn validate(&self) -> Result<(), ConfigError> {
        first(self.problems())
    }

    /// Everything that cannot work.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        if let SqliteLocation::File(path) = &self.location {
            let text = path.to_string_lossy();
            let problem = if text.is_empty() {
                Some("it is empty")
            } else if text.contains('\0') {
                Some("it contains a NUL character, which no file system can keep")
            } else if text.ends_with('/') {
                Some("it ends with a slash, so it names a directory")
            } else {
                None
            };
            if let Some(problem) = problem {
                let accepted = "accepted are the path of a file and :memory:";
                problems.push(ConfigError::new("sqlite.path", problem, accepted));
            }
        }
        if self.busy_timeout.as_millis() > i32::MAX as u128 {
            let accepted = "accepted are 0 to 2147483647ms";
            problems.push(ConfigError::new("sqlite.busy_timeout", "longer than SQLite can count", accepted));
        }
        problems
    }
}

/// Where SQLite keeps its data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqliteLocation {
    /// A file, made when it is not there.
    File(PathBuf),
    /// One database in memory, shared by all connections of the pool and gone with it.
    Memory,
}
