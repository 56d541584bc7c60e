//! `steadfast serve --workers`: one of the workers.

use std::process::ExitCode;
use std::sync::Arc;

use steadfast::config::BackendOptions;
use steadfast::web::HealthAccess;
use steadfast_service::{App, Colleagues, InFlight, serve_as_worker, status_routes_of_worker};
use steadfast_supervisor::{Hooks, Worker};

use crate::exit::Exit;
use crate::runtime;
use crate::setup::Setup;
use crate::telemetry::Telemetry;

/// Serves until the master says that it is enough.
pub(crate) fn run(setup: Setup, worker: Worker) -> ExitCode {
    let in_flight = InFlight::default();
    let of_dump = in_flight.clone();
    let hooks = Hooks::default().worker_abort(move |_, out| drop(of_dump.describe(out)));
    worker.run(&hooks, |worker| match on_named_thread(setup, worker, in_flight) {
        Ok(()) => Exit::Done.into(),
        Err((exit, reason)) => {
            tracing::error!(reason, "this worker cannot work");
            worker.handle().fail(reason);
            exit.into()
        }
    })
}

/// On a thread with the worker's name, which stands in every line of its log.
fn on_named_thread(setup: Setup, worker: &mut Worker, in_flight: InFlight) -> Result<(), (Exit, String)> {
    let name = format!("worker-{}", worker.identity().number);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(name);
        let thread = thread
            .spawn_scoped(scope, || work(setup, worker, in_flight))
            .map_err(|error| (Exit::Failed, format!("a thread cannot be started: {error}")))?;
        thread.join().unwrap_or_else(|_| Err((Exit::Failed, "bug: the worker panicked".to_owned())))
    })
}

fn work(mut setup: Setup, worker: &mut Worker, in_flight: InFlight) -> Result<(), (Exit, String)> {
    let number = worker.identity().number;
    if let BackendOptions::Postgres(postgres) = &mut setup.config.backend {
        worker.tag().clone_into(&mut postgres.application_name);
    }
    let runtime =
        runtime::of_worker(number, setup.workers.workers).map_err(|reason| (Exit::Failed, reason))?;
    let mut listeners = worker.listeners();
    let result = runtime.block_on(async {
        let telemetry = Telemetry::new(&setup, u32::try_from(number).unwrap_or(u32::MAX));
        let database = telemetry.open(&setup).map_err(|error| (Exit::Configuration, error.to_string()))?;
        let listener =
            listeners.pop().ok_or_else(|| (Exit::Failed, "bug: no listener has come".to_owned()))?;
        let access = HealthAccess::with_token(setup.health_token);
        let handle = worker.handle();
        let metrics = Some(telemetry.metrics.clone());
        let app = App::watched(setup.settings, database, in_flight, metrics);
        let routes = |app: &App| {
            let board = telemetry.board(app, Arc::new(Colleagues::of(handle.clone())));
            status_routes_of_worker(app, access, board, handle)
        };
        let serving = serve_as_worker(app, worker, listener, routes);
        serving.await.map_err(|error| (Exit::Failed, error.to_string()))
    });
    // Whatever still runs (a name lookup that hangs, a disk that is slow) is not worth waiting for.
    runtime.shutdown_background();
    result
}
