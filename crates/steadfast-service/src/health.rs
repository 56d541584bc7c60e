//! Health: the library's routes, told what only the service knows.

use std::sync::Arc;

use axum::Router;
use steadfast::health::{HealthOptions, Monitor};
use steadfast::metrics::{Board, Metrics, Peers};
use steadfast::tasks;
use steadfast::web::{HealthAccess, StatusPage, board_routes_with};
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

/// Everything that can be told of this application, whose metrics these are. `peers`: the other workers of the same
/// service.
///
/// # Panics
/// When called outside a tokio runtime.
#[must_use]
pub fn start_board(app: &App, metrics: &Metrics, peers: Arc<dyn Peers>) -> Board {
    Board::start_among(metrics, &monitor(app), peers)
}

/// The routes of health, `/metrics` and the status page, which browsers get at `/` as well.
pub fn status_routes(app: &App, access: HealthAccess, board: Board) -> Router {
    app.show(StatusPage::new(board.clone(), access.clone()));
    board_routes_with(board, access, Vec::new)
}

/// As [`status_routes`], with all workers in the health document.
pub fn status_routes_of_worker(
    app: &App,
    access: HealthAccess,
    board: Board,
    worker: WorkerHandle,
) -> Router {
    app.show(StatusPage::new(board.clone(), access.clone()));
    board_routes_with(board, access, move || vec![workers::check(&worker)])
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
