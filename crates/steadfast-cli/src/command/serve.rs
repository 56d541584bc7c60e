//! `steadfast serve`.

use std::sync::Arc;

use steadfast::Database;
use steadfast::event::TracingObserver;
use steadfast::metrics::{Alone, Metrics};
use steadfast::web::HealthAccess;
use steadfast_service::{App, serve, start_board, status_routes};

use crate::exit::Exit;
use crate::setup::Setup;
use crate::terminal::complain;

/// Serves until it is asked to end.
pub(crate) async fn run(setup: Setup) -> Exit {
    #[cfg(feature = "otlp")]
    let otlp = setup.otlp;
    let Setup { config, settings, health_token, .. } = setup;
    let metrics = Metrics::new(&config, 0);
    let observers = vec![Arc::new(TracingObserver::default()) as _, metrics.observer()];
    let database = match Database::open_observed(&config, observers) {
        Ok(database) => database,
        Err(error) => {
            complain(&format!("error: {error}"));
            return Exit::Configuration;
        }
    };
    let access = HealthAccess::with_token(health_token);
    let app = App::with_metrics(settings, database, Some(metrics.clone()));
    let routes = |app: &App| {
        let board = start_board(app, &metrics, Arc::new(Alone::default()));
        #[cfg(feature = "otlp")]
        if let Some(Err(error)) = otlp.map(|options| board.export(options)) {
            tracing::error!(%error, "metrics are not exported");
        }
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
