//! The two facts that travel in the environment, because nothing else survives an exec without a number.

use std::ffi::OsString;

/// `worker:PID` or `master:PID` with the process id of the parent, so that what a worker starts, which inherits this
/// as well, is not taken for another one.
pub(crate) const MARK: &str = "STEADFAST_SUPERVISED";

/// What a child is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Worker,
    Successor,
}

impl Mark {
    /// For a child of this process.
    pub(crate) fn value(self) -> String {
        let word = match self {
            Self::Worker => "worker",
            Self::Successor => "master",
        };
        format!("{word}:{}", std::process::id())
    }

    /// What this process was started as by its parent, if that was one of us.
    pub(crate) fn of_this_process() -> Option<Self> {
        let value = variable(MARK)?.into_string().ok()?;
        let parent = rustix::process::getppid()?.as_raw_nonzero().get();
        Self::parse(&value, parent)
    }

    fn parse(value: &str, parent: i32) -> Option<Self> {
        let (word, pid) = value.split_once(':')?;
        if pid.parse() != Ok(parent) {
            return None;
        }
        match word {
            "worker" => Some(Self::Worker),
            "master" => Some(Self::Successor),
            _ => None,
        }
    }
}

/// One variable of this process.
#[expect(clippy::disallowed_methods, reason = "this crate's one place that reads the environment")]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_counts_only_for_the_child_it_was_made_for() {
        assert_eq!(Mark::parse("worker:7", 7), Some(Mark::Worker));
        assert_eq!(Mark::parse("master:7", 7), Some(Mark::Successor));
        assert_eq!(Mark::parse("worker:7", 8), None, "a grandchild");
        assert_eq!(Mark::parse("worker", 7), None);
        assert_eq!(Mark::parse("king:7", 7), None);
    }
}
