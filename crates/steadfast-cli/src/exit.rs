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
    /// What `diagnose` found: 0, 1 or 2.
    Diagnosed(u8),
    /// There is no such command to become.
    CommandNotFound,
    /// The command is there and cannot be started.
    CommandNotExecutable,
    /// SIGTERM came while there was nothing to finish.
    Terminated,
    /// SIGINT came.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Unavailable => 69,
            Exit::Refused => 77,
            Exit::Configuration => 78,
            Exit::Diagnosed(code) => code,
            // As shells have it.
            Exit::CommandNotExecutable => 126,
            Exit::CommandNotFound => 127,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        })
    }
}

/// For `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0   done, or ended as asked by SIGTERM or SIGINT
  1   another failure: the address is in use; explain: not recognised; diagnose: warnings
  2   wrong arguments; diagnose: something is broken
  69  the database did not become reachable in time (init-db, wait; serve waits for ever)
  77  the database refused: password, role, right
  78  the configuration cannot work: an option, the database's name, a table of somebody else
  126, 127  wait: the command cannot be started, is not there; else the command's own code
  130, 143  wait: ended by SIGINT, SIGTERM before the database was usable";
