//! The PostgreSQL connector against real servers, real sockets and real certificates.

#![cfg(test)]
#![cfg(all(unix, feature = "postgres"))]
#![expect(clippy::disallowed_methods, reason = "tests start tasks as an application would")]

mod driving;
mod dropped;
mod endings;
mod hosts;
mod leftovers;
mod login;
mod prepared;
mod reads;
mod round_trips;
mod standing;
mod statements;
mod support;
mod tls;
mod transactions;
mod types;
