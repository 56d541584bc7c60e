//! `steadfast` on the command line.

mod arguments;
mod command;
mod exit;
mod failure;
mod logging;
#[cfg(feature = "otlp")]
mod otlp;
mod page;
mod setup;
mod span;
mod terminal;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use steadfast::config::Environment;

use crate::arguments::{Arguments, Command};
use crate::command::explain::Form;
use crate::exit::Exit;
use crate::setup::Setup;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let environment = Environment::capture().with_known(setup::known_names());
    let exit = run(&arguments, &environment).unwrap_or_else(|exit| exit);
    exit.into()
}

fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Exit> {
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
            Ok(command::explain::run(what, form, environment))
        }
        // It says itself what is wrong with the configuration.
        Command::Diagnose(options) => {
            let url = arguments.database_url.as_deref();
            on_a_runtime(async || command::diagnose::run(options, url, environment).await)
        }
        Command::Wait { timeout, command } => wait(arguments, environment, *timeout, command),
        Command::Config { reference } => {
            Ok(command::config::run(&setup::load(arguments, environment)?, *reference))
        }
        Command::Serve { .. } => {
            let setup = begin(arguments, environment)?;
            on_a_runtime(async || command::serve::run(setup).await)
        }
        Command::InitDb => {
            let setup = begin(arguments, environment)?;
            on_a_runtime(async || command::init_db::run(&setup).await)
        }
        Command::Top { url, once, json, every } => {
            let look = command::top::Look { url, once: *once, json: *json, every: *every };
            on_a_runtime(async || command::top::run(look, environment).await.unwrap_or_else(|exit| exit))
        }
        Command::Resolve(question) => {
            let setup = begin(arguments, environment)?;
            on_a_runtime(async || command::resolve::run(&setup, question).await)
        }
    }
}

/// Loads everything, and logs from now on.
fn begin(arguments: &Arguments, environment: &Environment) -> Result<Setup, Exit> {
    let setup = setup::load(arguments, environment)?;
    logging::start(&setup.logging);
    setup.report();
    Ok(setup)
}

/// Waits for the database of whatever program comes next: options of our own service do not matter to it.
fn wait(
    arguments: &Arguments,
    environment: &Environment,
    timeout: Duration,
    command: &[String],
) -> Result<Exit, Exit> {
    let config = setup::load_database(arguments, environment)?;
    let exit = on_a_runtime(async || command::wait::run(config, timeout).await)?;
    Ok(if exit == Exit::Done { command::wait::become_command(command) } else { exit })
}

fn on_a_runtime(work: impl AsyncFnOnce() -> Exit) -> Result<Exit, Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        terminal::complain(&format!(
            "the runtime cannot start: {error}; the system is out of threads or memory"
        ));
        Exit::Failed
    })?;
    let exit = runtime.block_on(work());
    // Whatever still runs (a name lookup that hangs, a disk that is slow) is not worth waiting for.
    runtime.shutdown_background();
    Ok(exit)
}
