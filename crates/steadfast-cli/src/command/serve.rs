//! `steadfast serve`.

use steadfast::Database;
use steadfast::web::HealthAccess;
use steadfast_service::{health_routes, serve};

use crate::exit::Exit;
use crate::setup::Setup;
use crate::terminal::complain;

/// Serves until it is asked to end.
pub(crate) async fn run(setup: Setup) -> Exit {
    let Setup { config, settings, health_token, .. } = setup;
    let database = match Database::open(&config) {
        Ok(database) => database,
        Err(error) => {
            complain(&format!("error: {error}"));
            return Exit::Configuration;
        }
    };
    let access = HealthAccess::with_token(health_token);
    match serve(settings, database, |app| health_routes(app, access)).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(&format!("error: {error}"));
            Exit::Failed
        }
    }
}
