//! What went wrong while preparing a test, in words that say what to do.

use std::fmt;

/// A part of the test kit could not do what was asked.
///
/// There is one kind only: a test cannot handle it, only report it. `Display` is the whole story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    pub(crate) fn new(story: impl Into<String>) -> Self {
        Self(story.into())
    }

    /// An operation of the system failed: what was being done, and what the system said.
    pub(crate) fn system(doing: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self(format!("{doing}: {cause}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Ends the test with the story of `error`.
#[expect(clippy::panic, reason = "a test that lost its server has nothing left to decide")]
pub(crate) fn fail(error: &Error) -> ! {
    panic!("{error}")
}

/// The value, or the end of the test.
pub(crate) fn must<T>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => fail(&error),
    }
}
