//! The catalogue, one file a layer.

mod tcp;

use std::sync::LazyLock;

use crate::entry::Entry;

/// All of them, in the order in which a connection passes the layers.
static ALL: LazyLock<Vec<Entry>> = LazyLock::new(|| LAYERS.concat());

static LAYERS: &[&[Entry]] = &[tcp::ENTRIES];

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
