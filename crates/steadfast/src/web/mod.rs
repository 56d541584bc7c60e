//! For axum: a session for every request, the health routes, metrics and the status page.

mod check;
mod health;
mod session;
#[cfg(feature = "metrics")]
mod status;

pub use check::Check;
pub use health::{HealthAccess, health_routes, health_routes_with};
pub use session::{SessionLayer, SessionRejection, SessionService};
#[cfg(feature = "metrics")]
pub use status::{StatusPage, board_routes, board_routes_with};
