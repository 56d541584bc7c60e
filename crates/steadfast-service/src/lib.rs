//! The web service of steadfast: users over HTTP, built on the library as any application would be.
//!
//! It listens first and connects in the background, so that a database which is late or lost costs its users
//! an answer that says so (503 with `Retry-After`) and never the process. [`serve`] is all that a program
//! needs ([`serve_as_worker`] for one of several processes); [`Listening`] is the same in two steps, for whoever wants to know the address in between or brings
//! routes and a shutdown of its own.
//!
//! The modules are listed in layer order: a module names only what stands above it.

pub mod settings;
pub mod lifecycle;
mod request_id;
pub mod problem;
mod deadline;
pub mod seal;
mod idempotency;
mod in_flight;
mod app;
mod json;
mod reply;
pub mod schema;
mod users;
mod outcomes;
pub mod openapi;
mod index;
mod budget;
mod workers;
mod health;
mod middleware;
mod router;
mod descriptors;
mod stall;
mod connection;
mod startup;
mod pruning;
mod signals;
mod server;

pub use app::App;
pub use health::{
    health_routes, health_routes_of_worker, start_board, status_routes, status_routes_of_worker,
};
pub use in_flight::InFlight;
pub use lifecycle::{Lifecycle, Phase};
pub use problem::{FieldError, Problem, ProblemKind};
pub use router::router;
pub use schema::{SchemaError, ensure_guard, ensure_schema};
pub use seal::Seal;
pub use server::{Listening, ServeError, Shutdown, serve, serve_as_worker};
pub use settings::{Settings, WorkerSettings};
pub use workers::Colleagues;
