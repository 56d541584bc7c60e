//! `steadfast serve`.

use std::sync::Arc;

use steadfast::metrics::Alone;
use steadfast::tasks;
use steadfast::time::{Duration, Instant, sleep};
use steadfast::web::HealthAccess;
use steadfast_service::{App, InFlight, Lifecycle, Phase, serve, status_routes};
use steadfast_supervisor::Systemd;

use crate::exit::Exit;
use crate::setup::Setup;
use crate::telemetry::Telemetry;
use crate::terminal::complain;

/// Serves until it is asked to end.
pub(crate) async fn run(setup: Setup) -> Exit {
    let telemetry = Telemetry::new(&setup, 0);
    let database = match telemetry.open(&setup) {
        Ok(database) => database,
        Err(error) => {
            complain(&format!("error: {error}"));
            return Exit::Configuration;
        }
    };
    let metrics = Some(telemetry.metrics.clone());
    let app = App::watched(setup.settings, database, InFlight::default(), metrics);
    let access = HealthAccess::with_token(setup.health_token);
    let routes = |app: &App| {
        let board = telemetry.board(app, Arc::new(Alone::default()));
        status_routes(app, access, board)
    };
    let mut inherited = match Systemd::listeners() {
        Ok(listeners) => listeners,
        Err(error) => {
            complain(&format!("error: what systemd has handed over cannot be used: {error}"));
            return Exit::Failed;
        }
    };
    let listener = (!inherited.is_empty()).then(|| inherited.remove(0));
    drop(tasks::spawn("systemd", tell_systemd(app.lifecycle().clone())));
    match serve(app, listener, routes).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(&format!("error: {error}"));
            Exit::Failed
        }
    }
}

/// How long systemd waits for the database. After that the service is there all the same: it listens.
const FIRST_READY: Duration = Duration::from_secs(10);

async fn tell_systemd(life: Lifecycle) {
    let mut systemd = Systemd::of_this_process();
    let ready = Instant::now() + FIRST_READY;
    while life.phase() < Phase::Draining {
        if life.phase() == Phase::Serving || Instant::now() >= ready {
            systemd.ready();
        }
        let again = systemd.beat().unwrap_or(FIRST_READY).min(FIRST_READY);
        tokio::select! {
            () = sleep(again) => {}
            () = life.reached(Phase::Serving), if life.phase() < Phase::Serving => {}
            () = life.reached(Phase::Draining) => {}
        }
    }
    systemd.stopping();
}
