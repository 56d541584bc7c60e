//! The command line.

use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::exit;
use crate::span;

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
    /// Waits until the database can be used, then runs a command: the first step of a container
    ///
    /// Tries at once and after 2, 4, 8, 16, 32, 32 .. s, or as soon as the database answers; each failed try is told
    /// with its cause. What waiting cannot help ends it at once. With a command (`steadfast wait -- gunicorn app:app`)
    /// this process becomes that command once the database is usable, so that signals reach it and its exit code is
    /// the process's. It speaks to standard error only.
    Wait {
        /// How long to wait in all: 30s, 500ms, 2m; a bare number is seconds
        #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "62s")]
        timeout: Duration,
        /// What to run then, behind `--`
        #[arg(last = true, value_name = "COMMAND")]
        command: Vec<String>,
    },
    /// Tells what an error means and what to do about it; needs no configuration and no network
    ///
    /// Knows the wordings of the common clients, poolers and platforms, and finds them in whole tracebacks and logs.
    /// Nothing of what is pasted is printed back. Ends with 0 when it was recognised, else with 1.
    Explain {
        /// The identifier of an entry, a SQLSTATE, or the text of an error; `-` reads it from standard input; without
        /// it, all entries are listed
        #[arg(value_name = "ID | TEXT")]
        what: Vec<String>,
        /// Prints JSON: {recognised, matches: [{confidence, evidence, entry}], nearest: [{id, title}]}; the list as
        /// {entries}
        #[arg(long)]
        json: bool,
        /// Prints the whole catalogue as Markdown
        #[arg(long, conflicts_with_all = ["json", "what"])]
        markdown: bool,
    },
    /// Shows a running service in the terminal, live: pool, latencies, incidents, advice
    ///
    /// The same as its status page. Ends with Ctrl-C. Where the output is no terminal it is printed once. Details need
    /// this machine, or the service's STEADFAST_HEALTH_TOKEN in the environment.
    Top {
        /// Where the service listens
        #[arg(value_name = "URL", default_value = "http://127.0.0.1:8000")]
        url: String,
        /// Prints once and ends
        #[arg(long)]
        once: bool,
        /// Prints the service's own JSON, a line each time
        #[arg(long)]
        json: bool,
        /// Seconds from one look to the next
        #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=3600))]
        every: u32,
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
            Command::Serve { listen } => listen.as_deref(),
            Command::InitDb
            | Command::Wait { .. }
            | Command::Explain { .. }
            | Command::Top { .. }
            | Command::Config { .. } => None,
        }
    }
}
