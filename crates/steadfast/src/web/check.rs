//! What an application adds to the health document.

use serde_json::Value;

/// An entry of `checks` in the health document.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// Its name, such as `workers`.
    pub name: String,
    /// What was observed: shown to whoever may see details.
    pub observed: Value,
    /// Why somebody should look, in words that a stranger may read; the status of the whole is then `warn` at best.
    pub trouble: Option<&'static str>,
}

impl Check {
    /// An entry.
    #[must_use]
    pub fn new(name: impl Into<String>, observed: Value, trouble: Option<&'static str>) -> Self {
        Self { name: name.into(), observed, trouble }
    }
}
