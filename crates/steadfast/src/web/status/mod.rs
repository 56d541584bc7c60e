//! The status page, what keeps it live, the same as JSON, and `/metrics`.

mod chart;
mod charts;
mod document;
mod incidents;
mod live;
mod pool;
mod routes;
mod sections;
mod summary;
mod words;

pub use routes::{StatusPage, board_routes, board_routes_with};
