//! What the process says when it ends.

use std::process::ExitCode;

/// Exit codes, after `sysexits.h`, so that a supervisor can tell what is worth another try. Wrong arguments
/// end with 2, as clap has it. `resolve` answers by its exit code: 0, 3 and 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Something else went wrong: the address to listen on is taken, or there is a bug.
    Failed,
    /// An argument is not what it must be: a ticket that is none.
    Arguments,
    /// The transaction was not committed, and never will be.
    NotCommitted,
    /// What became of the transaction cannot be told, or not yet.
    Unknown,
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
            Exit::Arguments => 2,
            Exit::NotCommitted => 3,
            Exit::Unknown => 4,
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
  3   resolve: not committed
  4   resolve: unknown
  69  the database did not become reachable in time (init-db, wait, resolve; serve waits for ever)
      top: the service does not answer
  77  the database refused: password, role, right
  78  the configuration cannot work: an option, the database's name, a table of somebody else
  126, 127  wait: the command cannot be started, is not there; else the command's own code
  130, 143  wait: ended by SIGINT, SIGTERM before the database was usable";

/// For `resolve --help`.
pub(crate) const RESOLVE_HELP: &str = "\
Exit codes:
  0   committed
  2   wrong arguments, or no ticket of this database
  3   not committed, and it never will be: it may be run again
  4   unknown: the reason is printed, and whether asking again can help
  69  the database could not be reached within --wait: nothing was found out
  77  the database refused: password, role, right
  78  the configuration cannot work

Without --end a transaction that is still in progress is unknown (4). With it, it is ended on the server, which needs
the same role, or pg_signal_backend. A ticket of the table steadfast_outcome (sfm1..) is made final either way: whoever
asks stores that it is given up.";
