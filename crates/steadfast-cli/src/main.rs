//! `steadfast` on the command line.

mod arguments;
mod command;
mod exit;
mod failure;
mod json_lines;
mod log_writer;
mod logging;
#[cfg(feature = "otlp")]
mod otlp;
mod page;
mod span;
mod terminal;
mod runtime;
mod setup;
mod telemetry;
mod timestamp;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use steadfast::config::Environment;
use steadfast_supervisor::{Role, role};

use crate::arguments::{Arguments, Command};
use crate::command::explain::Form;
use crate::exit::Exit;
use crate::log_writer::Flush;
use crate::setup::Setup;

fn main() -> ExitCode {
    // Before anything else: a worker's standard input is its way to the master.
    let role = match role() {
        Ok(role) => role,
        Err(error) => {
            terminal::complain(&format!("error: {error}"));
            return Exit::Failed.into();
        }
    };
    let arguments = Arguments::parse();
    let environment = Environment::capture().with_known(setup::known_names());
    run(&arguments, &environment, role).unwrap_or_else(ExitCode::from)
}

fn run(arguments: &Arguments, environment: &Environment, role: Role) -> Result<ExitCode, Exit> {
    match &arguments.command {
        // Has to work where nothing else does: it reads no configuration.
        Command::Explain { what, json, markdown } => {
            let form = if *markdown {
                Form::Markdown
            } else if *json {
                Form::Json
            } else {
                Form::Text
            };
            Ok(command::explain::run(what, form, environment).into())
        }
        // It says itself what is wrong with the configuration.
        Command::Diagnose(options) => {
            let url = arguments.database_url.as_deref();
            runtime::run(command::diagnose::run(options, url, environment)).map(ExitCode::from)
        }
        Command::Wait { timeout, command } => {
            wait(arguments, environment, *timeout, command).map(ExitCode::from)
        }
        Command::Config { reference } => {
            Ok(command::config::run(&setup::load(arguments, environment)?, *reference).into())
        }
        Command::Serve { .. } => serve(arguments, environment, role),
        Command::InitDb => {
            let (setup, _flush) = begin(arguments, environment)?;
            runtime::run(command::init_db::run(&setup)).map(ExitCode::from)
        }
        Command::EndBackends { tags } => {
            let setup = setup::load(arguments, environment)?;
            let _flush = logging::start(&setup.logging, false)?;
            runtime::run(command::end_backends::run(&setup, tags)).map(ExitCode::from)
        }
        Command::Top { url, once, json, every } => {
            let look = command::top::Look { url, once: *once, json: *json, every: *every };
            let shown = async { command::top::run(look, environment).await.unwrap_or_else(|exit| exit) };
            runtime::run(shown).map(ExitCode::from)
        }
        Command::Resolve(question) => {
            let (setup, _flush) = begin(arguments, environment)?;
            runtime::run(command::resolve::run(&setup, question)).map(ExitCode::from)
        }
    }
}

/// As one plain process, as the master of several, or as one of those.
fn serve(arguments: &Arguments, environment: &Environment, role: Role) -> Result<ExitCode, Exit> {
    let worker = match role {
        Role::Master(start) => {
            let (setup, _flush) = begin(arguments, environment)?;
            return if setup.workers.workers > 0 || start.is_successor() {
                command::supervise::run(&setup, start, arguments.database_url.as_deref())
            } else {
                runtime::run(command::serve::run(setup)).map(ExitCode::from)
            };
        }
        Role::Worker(worker) => worker,
    };
    let setup = setup::load(arguments, environment).inspect_err(|_| {
        worker.handle().fail("its configuration cannot work; what is wrong stands in the log");
    })?;
    let _flush = logging::start(&setup.logging, true)?;
    Ok(command::work::run(setup, worker))
}

/// Loads everything, and logs from now on.
fn begin(arguments: &Arguments, environment: &Environment) -> Result<(Setup, Flush), Exit> {
    let setup = setup::load(arguments, environment)?;
    let flush = logging::start(&setup.logging, false)?;
    setup.report();
    Ok((setup, flush))
}

/// Waits for the database of whatever program comes next: options of our own service do not matter to it.
fn wait(
    arguments: &Arguments,
    environment: &Environment,
    timeout: Duration,
    command: &[String],
) -> Result<Exit, Exit> {
    let (config, logging) = setup::load_database(arguments, environment)?;
    let flush = logging.map(|logging| logging::start(&logging, false)).transpose()?;
    let exit = runtime::run(command::wait::run(config, timeout))?;
    // No thread of this process outlives its becoming another program.
    drop(flush);
    Ok(if exit == Exit::Done { command::wait::become_command(command) } else { exit })
}
