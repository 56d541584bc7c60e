//! `steadfast serve --workers`: the master.

use std::process::{Command, ExitCode};

use steadfast::config::BackendOptions;
use steadfast::time::Duration;
use steadfast_supervisor::{Options, Start, Supervisor, this_program};

use crate::exit::Exit;
use crate::setup::Setup;
use crate::terminal::complain;

/// Connections that the kernel keeps until a worker takes them.
const BACKLOG: u32 = 1024;

/// What a worker needs beyond its time to drain: dropping what is left, and saying goodbye to the database.
const MARGIN: Duration = Duration::from_secs(4);

/// Runs the master until it is told to end.
pub(crate) fn run(setup: &Setup, mut start: Start, database_url: Option<&str>) -> Result<ExitCode, Exit> {
    let address = start.listen(setup.settings.listen, BACKLOG).map_err(|error| {
        complain(&format!("error: {error}"));
        Exit::Failed
    })?;
    tracing::info!("listening on http://{address}");
    let mut options = Options::default();
    options.workers = setup.workers.workers;
    options.timeout = setup.workers.timeout;
    options.ready_timeout = setup.workers.ready_timeout;
    options.drain_timeout = setup.settings.drain_delay + setup.settings.drain_timeout + MARGIN;
    let supervisor = match &setup.config.backend {
        BackendOptions::Postgres(postgres) => {
            options.name.clone_from(&postgres.application_name);
            let url = database_url.map(str::to_owned);
            let end_backends = move |tags: &[String]| end_backends(tags, url.as_deref());
            Supervisor::new(start, options).clean_up_with(end_backends)
        }
        // Whoever dies leaves nothing behind in a file but locks, and those the system takes back.
        BackendOptions::Sqlite(_) | _ => Supervisor::new(start, options),
    };
    Ok(supervisor.run())
}

/// The process that ends the sessions of dead workers.
fn end_backends(tags: &[String], database_url: Option<&str>) -> Option<Command> {
    let mut command = this_program().ok()?;
    command.arg("end-backends");
    for tag in tags {
        command.args(["--tag", tag]);
    }
    // Not as an argument: those can be seen by everybody on the machine.
    if let Some(url) = database_url {
        command.env("DATABASE_URL", url);
    }
    Some(command)
}
