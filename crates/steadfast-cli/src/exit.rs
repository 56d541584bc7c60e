//! What the process says when it ends.

use std::process::ExitCode;

/// Exit codes, after `sysexits.h`, so that a supervisor can tell what is worth another try. Wrong arguments
/// end with 2, as clap has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Something else went wrong: the address to listen on is taken, or there is a bug.
    Failed,
    /// The database did not become reachable in time. Another try may help.
    Unavailable,
    /// The database refused: password, role or right. Another try will not help.
    Refused,
    /// The configuration cannot work: a value, the database's name, another table. Another try will not help.
    Configuration,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Unavailable => 69,
            Exit::Refused => 77,
            Exit::Configuration => 78,
        })
    }
}

/// For `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0   done, or ended as asked by SIGTERM or SIGINT
  1   another failure: the address is in use
  2   wrong arguments
  69  the database did not become reachable within 62 s (init-db only; serve waits for ever)
  77  the database refused: password, role, right
  78  the configuration cannot work: an option, the database's name, a table of somebody else";
