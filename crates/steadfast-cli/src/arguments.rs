//! The command line.

use clap::{Parser, Subcommand};

use crate::exit;

/// Database connections that hold.
///
/// Without any configuration everything runs on the SQLite file `steadfast.sqlite3` in the working directory.
/// DATABASE_URL chooses another database: postgres://user:password@host/database, or sqlite:///path.
#[derive(Debug, Parser)]
#[command(name = "steadfast", version, after_help = exit::HELP, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// The database, instead of DATABASE_URL. Other users of this machine see arguments in the list of
    /// processes: prefer the environment for a URL with a password.
    #[arg(long, global = true, value_name = "URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves users and health over HTTP; connects in the background, however late the database is
    ///
    /// Listens at once. Until the database is there, requests that need it are answered 503 with Retry-After.
    /// SIGTERM and SIGINT finish what is in flight; a second one drops it.
    Serve {
        /// Where to listen, instead of HOST (127.0.0.1) and PORT (8000); on a platform, 0.0.0.0 with its port
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<String>,
    },
    /// Waits for the database, at most 62 s, and creates what the service needs in it
    ///
    /// Tries at once and after 2, 4, 8, 16 and 32 s, or as soon as the database answers. What waiting cannot
    /// help (a wrong password, no such database) ends it at once. Safe to run several times at once.
    InitDb,
    /// Shows all options in effect and where each came from; secrets are hidden
    Config {
        /// Prints the table of all options with their defaults and reasons, as Markdown
        #[arg(long)]
        reference: bool,
    },
}

impl Arguments {
    /// Where to listen, when it is said here.
    pub(crate) fn listen(&self) -> Option<&str> {
        match &self.command {
            Command::Serve { listen } => listen.as_deref(),
            Command::InitDb | Command::Config { .. } => None,
        }
    }
}
