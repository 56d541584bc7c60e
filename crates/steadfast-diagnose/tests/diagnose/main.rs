//! Every check against what it is about, really broken.

#![cfg(test)]
#![cfg(unix)]

mod authentication;
mod behaviour;
mod certificates;
mod configuration;
mod network;
mod path;
mod pooler;
mod schema;
mod secrets;
mod server;
mod sqlite;
mod support;
mod tls;
mod urls;
