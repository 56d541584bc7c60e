//! `steadfast serve`.

use std::sync::Arc;

use steadfast::metrics::Alone;
use steadfast::web::HealthAccess;
use steadfast_service::{App, InFlight, serve, status_routes};

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
    match serve(app, routes).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(&format!("error: {error}"));
            Exit::Failed
        }
    }
}
