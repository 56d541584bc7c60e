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
    /// SIGTERM and SIGINT finish what is in flight; a second one drops it. With workers, SIGHUP replaces them one by
    /// one, SIGTTIN and SIGTTOU change their number, and SIGUSR2 replaces the running program by the file on disk.
    Serve {
        /// Where to listen, instead of HOST (127.0.0.1) and PORT (8000); on a platform, 0.0.0.0 with its port
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<String>,

        /// How many worker processes share the address, instead of STEADFAST_WORKERS and WEB_CONCURRENCY; `auto` is
        /// one for each processor, 0 one plain process. Each has a pool of its own
        #[arg(long, value_name = "NUMBER")]
        workers: Option<String>,
    },
    /// Waits for the database, at most 62 s, and creates what the service needs in it
    ///
    /// Tries at once and after 2, 4, 8, 16 and 32 s, or as soon as the database answers. What waiting cannot
    /// help (a wrong password, no such database) ends it at once. Safe to run several times at once.
    InitDb,
    /// Ends the sessions on the database's servers that bear these names (the master starts this after a worker's death)
    #[command(hide = true)]
    EndBackends {
        /// An `application_name`
        #[arg(long = "tag", required = true)]
        tags: Vec<String>,
    },
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
            Command::Serve { listen, .. } => listen.as_deref(),
            Command::InitDb | Command::EndBackends { .. } | Command::Config { .. } => None,
        }
    }

    /// How many workers, when it is said here.
    pub(crate) fn workers(&self) -> Option<&str> {
        match &self.command {
            Command::Serve { workers, .. } => workers.as_deref(),
            Command::InitDb | Command::EndBackends { .. } | Command::Config { .. } => None,
        }
    }
}
