//! The real binary, a real PostgreSQL, real sockets. One file a fear; one program, so that it is linked once.

#![cfg(test)]

mod support;

mod absent_at_start;
mod backends_terminated;
mod bad_input;
mod clients;
mod commit_in_doubt;
mod crashed;
mod drain;
mod frozen;
mod full;
mod idempotency;
mod idempotency_faults;
mod idle_cut;
mod init_db;
mod metrics;
#[cfg(feature = "otlp")]
mod otlp;
mod outcomes;
mod readiness;
mod reference;
mod restart;
mod secrets;
mod silent_path;
mod sqlite_story;
mod started;
mod status_page;
mod top;
mod wait;
mod workers;
