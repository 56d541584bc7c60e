//! For axum: a session for every request, the health routes, metrics and the status page.

mod health;
mod session;
#[cfg(feature = "metrics")]
mod status;

pub use health::{HealthAccess, health_routes};
pub use session::{SessionLayer, SessionRejection, SessionService};
#[cfg(feature = "metrics")]
pub use status::{StatusPage, board_routes};
