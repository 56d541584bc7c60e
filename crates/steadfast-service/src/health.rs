//! Health: the library's routes, told what only the service knows.

use axum::Router;
use steadfast::health::{HealthOptions, Monitor};
use steadfast::tasks;
use steadfast::web::HealthAccess;

use crate::app::App;
use crate::lifecycle::{Lifecycle, Phase};

/// The routes of health for this application, for [`serve`](crate::serve) or [`router`](crate::router()).
/// Readiness follows its life cycle: no before the schema is there, no once it drains.
///
/// # Panics
/// When called outside a tokio runtime.
pub fn health_routes(app: &App, access: HealthAccess) -> Router {
    let mut options = HealthOptions::default();
    options.count = Some("SELECT count(*) FROM users".to_owned());
    options.awaits_schema = true;
    let monitor = Monitor::start(app.database(), options);
    // Ends with the service: its life cycle always comes to the end.
    drop(tasks::spawn("health: life cycle", follow(app.lifecycle().clone(), monitor.clone())));
    steadfast::web::health_routes(monitor, access)
}

async fn follow(life: Lifecycle, monitor: Monitor) {
    life.reached(Phase::Serving).await;
    if life.was_ready() {
        monitor.schema_is_ready();
    }
    life.reached(Phase::Draining).await;
    monitor.drain();
}
