//! The rules of the pool over a real PostgreSQL, one fear per file.
#![cfg(test)]
#![cfg(all(unix, feature = "postgres"))]
#![expect(clippy::disallowed_methods, reason = "tests start tasks as an application would")]

mod capacity;
mod cleanliness;
mod dispose;
mod leases;
mod nested;
mod outage;
mod server_limits;
mod sizes;
mod support;
