//! How a check ended.

/// How a check ended, from nothing known to broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the exit codes 0, 1 and 2 know no fifth")]
pub enum Verdict {
    /// Not looked at: not asked for, or what it depends on is broken.
    Skipped,
    /// As it should be.
    Ok,
    /// Works, and will not for ever or not under load.
    Warning,
    /// Does not work.
    Failure,
}

impl Verdict {
    /// The word for it, as JSON has it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }

    /// The exit code of a run that ended so.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Skipped | Self::Ok => 0,
            Self::Warning => 1,
            Self::Failure => 2,
        }
    }
}
