//! For axum: a session for every request, and the health routes.

mod check;
mod health;
mod session;

pub use check::Check;
pub use health::{HealthAccess, health_routes, health_routes_with};
pub use session::{SessionLayer, SessionRejection, SessionService};
