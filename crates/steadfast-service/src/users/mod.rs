//! Users: what they are, what is accepted, how they are stored, and their routes.

mod change;
mod email;
mod input;
mod model;
mod paging;
mod repository;
mod routes;
mod username;
mod writing;

pub(crate) use routes::routes;
