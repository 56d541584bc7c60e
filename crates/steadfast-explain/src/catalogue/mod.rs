//! The catalogue, one file a layer.

mod authentication;
mod capacity;
mod connection;
mod environment;
mod peer;
mod pooler;
mod server;
mod statement;
mod tcp;
mod tls;
mod transaction;
mod url;
mod application;
mod sqlite;
mod dns;
mod certificate;
mod constraint;

use std::sync::LazyLock;

use crate::entry::{Client, Entry, Wording};

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
    connection::ENTRIES,
    transaction::ENTRIES,
    statement::ENTRIES,
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
