//! All that is wrong with a configuration, at once: a deployment is mended one round trip at a time, and each
//! may take minutes.

use std::error::Error as StdError;
use std::fmt;

use crate::error::ConfigError;

/// Every problem of a configuration, in the order of discovery; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    first: ConfigError,
    more: Vec<ConfigError>,
}

impl ConfigErrors {
    /// The problems as one error; `Ok` when there are none.
    pub(crate) fn check(problems: Vec<ConfigError>) -> Result<(), Self> {
        let mut problems = problems.into_iter();
        match problems.next() {
            None => Ok(()),
            Some(first) => Err(Self { first, more: problems.collect() }),
        }
    }

    /// The first problem.
    #[must_use]
    pub fn first(&self) -> &ConfigError {
        &self.first
    }

    /// All problems.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// How many problems there are; at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.more.len().saturating_add(1)
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(first: ConfigError) -> Self {
        Self { first, more: Vec::new() }
    }
}

/// For callers that hold one error: the first of them. Nothing is hidden when the others are printed before.
impl From<ConfigErrors> for ConfigError {
    fn from(errors: ConfigErrors) -> Self {
        errors.first
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.more.is_empty() {
            return self.first.fmt(f);
        }
        write!(f, "{} problems in the configuration:", self.count())?;
        self.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl StdError for ConfigErrors {}
