//! The PostgreSQL connector against real servers, real sockets and real certificates.

#![cfg(test)]
#![cfg(all(unix, feature = "postgres"))]
#![expect(clippy::disallowed_methods, reason = "tests start tasks as an application would")]

mod connector;
mod hosts;
mod support;
mod tls;
