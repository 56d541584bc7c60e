//! The service over real sockets. One file a fear; one program, so that it is linked once.

#[cfg(test)]
mod support;

mod bad_input;
mod health;
mod idempotency;
mod left_behind;
mod limits;
mod openapi;
mod postgres;
mod schema;
mod shutdown;
mod users;
mod without_database;
