//! For axum: a session for every request, and the health routes.

mod health;
mod session;

pub use health::{HealthAccess, health_routes};
pub use session::{SessionLayer, SessionRejection, SessionService};
