//! The catalogue, one file a layer.

mod environment;
mod url;
mod dns;
mod tcp;
mod peer;
mod tls;
mod certificate;
mod authentication;
mod server;
mod capacity;
mod pooler;
mod hosted;
mod connection;
mod transaction;
mod outcome;
mod statement;
mod schema;
mod constraint;
mod application;
mod sqlite;

use std::sync::LazyLock;

use crate::client::Client;
use crate::entry::{Entry, Wording};

/// All of them, in the order in which a connection passes the layers.
static ALL: LazyLock<Vec<Entry>> = LazyLock::new(|| LAYERS.concat());

static LAYERS: &[&[Entry]] = &[
    environment::ENTRIES,
    url::ENTRIES,
    dns::ENTRIES,
    tcp::ENTRIES,
    peer::ENTRIES,
    tls::ENTRIES,
    certificate::ENTRIES,
    authentication::ENTRIES,
    server::ENTRIES,
    capacity::ENTRIES,
    pooler::ENTRIES,
    hosted::ENTRIES,
    connection::ENTRIES,
    transaction::ENTRIES,
    outcome::ENTRIES,
    statement::ENTRIES,
    schema::ENTRIES,
    constraint::ENTRIES,
    application::ENTRIES,
    sqlite::ENTRIES,
];

/// The whole catalogue, grouped by layer, in the order in which a connection passes them.
#[must_use]
pub fn entries() -> &'static [Entry] {
    &ALL
}

/// The entry of this identifier.
#[must_use]
pub fn entry(id: &str) -> Option<&'static Entry> {
    entries().iter().find(|entry| entry.id == id)
}

/// How this client puts it; `*` stands for what varies.
const fn says(client: Client, text: &'static str) -> Wording {
    Wording { client, text }
}
