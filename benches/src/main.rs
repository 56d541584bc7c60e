//! Runs the benchmarks: see `scripts/bench`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use steadfast_bench::error::{Error, Result};
use steadfast_bench::measure::{Effort, Report};
use steadfast_bench::{callgrind, pools, sections};
use steadfast_test::Postgres;

/// steadfast against other pools and drivers.
#[derive(Debug, Parser)]
struct Arguments {
    /// Fewer and shorter rounds: below two minutes, and less to be relied on.
    #[arg(long)]
    quick: bool,
    /// Only these sections; all when none is named.
    #[arg(long, value_enum)]
    only: Vec<Section>,
    /// The program `steadfast`, built for release. Without it what needs it is left out.
    #[arg(long)]
    program: Option<PathBuf>,
    /// A Python that has what flask/requirements.txt names. Without it Flask is left out.
    #[arg(long)]
    python: Option<PathBuf>,
    /// Exit 1 when a bar is missed.
    #[arg(long)]
    strict: bool,
    #[command(subcommand)]
    other: Option<Other>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    Memory,
    Select,
    Transaction,
    Heap,
    Http,
    Crowd,
    Start,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// One of the contenders: axum and deadpool-postgres, with DATABASE_URL and PORT from the environment.
    #[command(hide = true)]
    BareHttp,
    /// One piece of work so many times on one thread, for callgrind.
    Work {
        /// steadfast, deadpool, bb8, mobc; with a URL: steadfast, db.query, deadpool, raw, transaction, unguarded.
        who: String,
        /// hot, yield, or the URL of a PostgreSQL.
        what: String,
        operations: u64,
        tasks: usize,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Other::Work { who, what, operations, tasks }) = &arguments.other {
        return match callgrind::work(who, what, *operations, *tasks) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        };
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run(&arguments))) {
        Ok(missed) if missed > 0 && arguments.strict => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(2)
}

/// Gives how many bars were missed.
async fn run(arguments: &Arguments) -> Result<usize> {
    if let Some(Other::BareHttp) = arguments.other {
        let port = std::env::var("PORT")?.parse()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        pools::http::serve(&std::env::var("DATABASE_URL")?, address).await?;
        return Ok(0);
    }
    let wanted = |section| arguments.only.is_empty() || arguments.only.contains(&section);
    let effort = Effort::new(arguments.quick);
    let mut report = Report::default();
    if wanted(Section::Memory) {
        sections::memory(&mut report, effort).await?;
    }
    if wanted(Section::Crowd) {
        sections::crowd(&mut report, effort).await?;
    }
    // Enough for ten contenders with eight connections each, those before them that are still closing, and services.
    let postgres = Postgres::builder().setting("max_connections", "300").start().await;
    let url = postgres.url();
    if wanted(Section::Heap) {
        sections::heap(&mut report, &url)?;
    }
    if wanted(Section::Select) {
        sections::select(&mut report, effort, &url).await?;
    }
    if wanted(Section::Transaction) {
        sections::transaction(&mut report, effort, &postgres).await?;
    }
    match &arguments.program {
        Some(program) => {
            let programs = sections::Programs { steadfast: program, python: arguments.python.as_deref() };
            if wanted(Section::Http) {
                sections::http(&mut report, effort, &postgres, &programs).await?;
            }
            if wanted(Section::Start) {
                sections::start(&mut report, effort, program, &url).await?;
            }
        }
        None => report.note("The sections http and start were left out: no --program was given."),
    }
    postgres.destroy().await;
    Ok(report.finish())
}
