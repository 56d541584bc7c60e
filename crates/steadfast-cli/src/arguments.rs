//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

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
    /// Says what is wrong between an application and its database, and what to do
    ///
    /// Looks from the outside inwards (configuration, network, security, server, path, schema, behaviour), names the
    /// first broken layer and the next thing to do. Works for an application in any language: it needs no more than
    /// the URL, DATABASE_URL or the PG variables. Only reads unless --drill is given; what it prints holds no secret.
    ///
    /// Ends with 0 when all is well, 1 with warnings, 2 when something is broken.
    Diagnose(Diagnose),
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
    /// Finds out what became of a transaction whose COMMIT was not answered
    ///
    /// Takes the ticket of an error or of a log line (sfx1.., sfm1..), or the sealed one that the service gave to a
    /// client (sfs1..), which only the database that it came from can open. Prints the outcome and what to do.
    /// Reads only, unless --end is given: a transaction that is still in progress is left alone.
    #[command(after_help = exit::RESOLVE_HELP)]
    Resolve(Resolve),
    /// Shows all options in effect and where each came from; secrets are hidden
    Config {
        /// Prints the table of all options with their defaults and reasons, as Markdown
        #[arg(long)]
        reference: bool,
    },
}

/// How `diagnose` is to look.
#[derive(Debug, Args)]
pub(crate) struct Diagnose {
    /// The database, instead of DATABASE_URL; other users of this machine see it in the list of processes
    #[arg(value_name = "URL")]
    pub(crate) url: Option<String>,

    /// Prints one line of JSON (docs/diagnose.md describes it)
    #[arg(long)]
    pub(crate) json: bool,

    /// Shows every check with its figures, also where all is well
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// Lists the checks and ends
    #[arg(long)]
    pub(crate) list: bool,

    /// Looks again and again, until it is interrupted
    #[arg(long, value_name = "EVERY", num_args = 0..=1, default_missing_value = "5s", value_parser = span::parse)]
    pub(crate) watch: Option<Duration>,

    /// Only these checks
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub(crate) only: Vec<String>,

    /// Not these checks
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub(crate) skip: Vec<String>,

    /// The longest that all of it may take; what has not begun by then is left out
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) timeout: Option<Duration>,

    /// Measures for how long the path remembers an idle connection, up to this long (10m)
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub(crate) idle_probe: Option<Duration>,

    /// Keeps what the idle probe has measured in this file, and goes on from there another time
    #[arg(long, value_name = "FILE", requires = "idle_probe")]
    pub(crate) idle_state: Option<PathBuf>,

    /// Opens as many connections as the pool may, ends connections of its own, loses an answer, and measures the way
    /// back; plays the retry schedule in real time
    #[arg(long)]
    pub(crate) drill: bool,

    /// Plays the retry schedule this many times faster than real
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) retry_speed: Option<u32>,

    /// Processes that run the application at the same time, for what they need together; default WEB_CONCURRENCY or 1
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) workers: Option<u32>,

    /// A table that must be there (may be repeated); default the five largest
    #[arg(long = "table", value_name = "NAME")]
    pub(crate) tables: Vec<String>,
}

/// A question after an outcome.
#[derive(Debug, Args)]
pub(crate) struct Resolve {
    /// The ticket, one word
    #[arg(value_name = "TICKET")]
    pub(crate) ticket: String,

    /// How long to go on asking while the outcome is unknown and may clear up: 30s, 5m
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = span::parse)]
    pub(crate) wait: Duration,

    /// Ends the transaction when it is still in progress, so that the outcome becomes final: not committed
    #[arg(long)]
    pub(crate) end: bool,

    /// Prints one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

impl Arguments {
    /// Where to listen, and how many workers: what is said of either here.
    pub(crate) fn serving(&self) -> (Option<&str>, Option<&str>) {
        match &self.command {
            Command::Serve { listen, workers } => (listen.as_deref(), workers.as_deref()),
            Command::InitDb
            | Command::EndBackends { .. }
            | Command::Diagnose(_)
            | Command::Wait { .. }
            | Command::Resolve(_)
            | Command::Explain { .. }
            | Command::Top { .. }
            | Command::Config { .. } => (None, None),
        }
    }
}
