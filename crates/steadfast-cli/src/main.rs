//! `steadfast` on the command line.

mod arguments;
mod command;
mod exit;
mod logging;
mod setup;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;
use steadfast::config::Environment;

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let environment = Environment::capture().with_known(setup::known_names());
    let exit = run(&arguments, &environment).unwrap_or_else(|exit| exit);
    exit.into()
}

fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Exit> {
    let setup = setup::load(arguments, environment)?;
    if let Command::Config { reference } = &arguments.command {
        return Ok(command::config::run(&setup, *reference));
    }
    logging::start(&setup.logging);
    setup.report();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        terminal::complain(&format!(
            "the runtime cannot start: {error}; the system is out of threads or memory"
        ));
        Exit::Failed
    })?;
    let exit = match arguments.command {
        Command::Serve { .. } => runtime.block_on(command::serve::run(setup)),
        Command::InitDb | Command::Config { .. } => runtime.block_on(command::init_db::run(&setup)),
    };
    // Whatever still runs (a name lookup that hangs, a disk that is slow) is not worth waiting for.
    runtime.shutdown_background();
    Ok(exit)
}
