//! The other workers of the same service.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// How the workers of one service hear of each other. Every worker publishes what it knows of itself in a few parts and
/// sees those of all others, so that any of them can answer for all.
pub trait Peers: fmt::Debug + Send + Sync {
    /// Lets the others have this part; it replaces the one of the same name. At most [`MOST_BYTES`] as JSON.
    fn publish(&self, part: &str, value: Value);

    /// What each of the others published last, by the names of the parts. Those who have gone are not among them.
    fn others(&self) -> Vec<BTreeMap<String, Value>>;

    /// How many workers there shall be, this one included.
    fn workers(&self) -> usize;
}

/// The largest part that is published.
pub const MOST_BYTES: usize = 64 * 1024;

/// A service of one process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alone;

impl Peers for Alone {
    fn publish(&self, _part: &str, _value: Value) {}

    fn others(&self) -> Vec<BTreeMap<String, Value>> {
        Vec::new()
    }

    fn workers(&self) -> usize {
        1
    }
}
