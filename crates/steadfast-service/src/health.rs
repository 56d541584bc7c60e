//! Health: the library's routes, told what only the service knows.

use axum::Router;
use steadfast::health::{HealthOptions, Monitor};
use steadfast::tasks;
use steadfast::web::HealthAccess;
use steadfast_supervisor::WorkerHandle;

use crate::app::App;
use crate::lifecycle::{Lifecycle, Phase};
use crate::workers;

/// As [`health_routes`], with all workers in the health document.
///
/// # Panics
/// When called outside a tokio runtime.
pub fn health_routes_of_worker(app: &App, access: HealthAccess, worker: WorkerHandle) -> Router {
    let monitor = monitor(app);
    steadfast::web::health_routes_with(monitor, access, move || vec![workers::check(&worker)])
}

/// The routes of health for this application, for [`serve`](crate::serve) or [`router`](crate::router()).
/// Readiness follows its life cycle: no before the schema is there, no once it drains.
///
/// # Panics
/// When called outside a tokio runtime.
pub fn health_routes(app: &App, access: HealthAccess) -> Router {
    steadfast::web::health_routes(monitor(app), access)
}

fn monitor(app: &App) -> Monitor {
    let mut options = HealthOptions::default();
    options.count = Some("SELECT count(*) FROM users".to_owned());
    options.awaits_schema = true;
    let monitor = Monitor::start(app.database(), options);
    // Ends with the service: its life cycle always comes to the end.
    drop(tasks::spawn("health: life cycle", follow(app.lifecycle().clone(), monitor.clone())));
    monitor
}

async fn follow(life: Lifecycle, monitor: Monitor) {
    life.reached(Phase::Serving).await;
    if life.was_ready() {
        monitor.schema_is_ready();
    }
    life.reached(Phase::Draining).await;
    monitor.drain();
}
