//! `steadfast` on the command line.

mod arguments;
mod command;
mod exit;
mod logging;
mod terminal;
mod runtime;
mod setup;

use std::process::ExitCode;

use clap::Parser as _;
use steadfast::config::Environment;
use steadfast_supervisor::{Role, role};

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;

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
    let setup = setup::load(arguments, environment).inspect_err(|_| {
        if let Role::Worker(worker) = &role {
            worker.handle().fail("its configuration cannot work; what is wrong stands in the log");
        }
    })?;
    if let Command::Config { reference } = &arguments.command {
        return Ok(command::config::run(&setup, *reference).into());
    }
    logging::start(&setup.logging, matches!(role, Role::Worker(_)));
    let exit = match (&arguments.command, role) {
        (Command::Serve { .. }, Role::Worker(worker)) => return Ok(command::work::run(setup, worker)),
        (Command::Serve { .. }, Role::Master(start)) if setup.workers.workers > 0 || start.is_successor() => {
            setup.report();
            return command::supervise::run(&setup, start, arguments.database_url.as_deref());
        }
        (Command::Serve { .. }, _) => {
            setup.report();
            runtime::run(command::serve::run(setup))?
        }
        (Command::EndBackends { tags }, _) => runtime::run(command::end_backends::run(&setup, tags))?,
        (Command::InitDb | Command::Config { .. }, _) => {
            setup.report();
            runtime::run(command::init_db::run(&setup))?
        }
    };
    Ok(exit.into())
}
