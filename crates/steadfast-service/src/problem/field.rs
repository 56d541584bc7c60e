//! What is wrong with one field.

use serde::Serialize;

/// What is wrong with one field of a body, or one parameter of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldError {
    /// The field's name, cut when somebody sent a very long one.
    pub field: String,
    /// A word for programs: `missing`, `wrong_type`, `unknown`, `too_long`, ...
    pub code: &'static str,
    /// A sentence for people. It never repeats the value.
    pub detail: String,
}

impl FieldError {
    /// An entry for this field.
    #[must_use]
    pub fn new(field: &str, code: &'static str, detail: impl Into<String>) -> Self {
        let mut name: String = field.chars().take(MAX_NAME).collect();
        if name.len() < field.len() {
            name.push('…');
        }
        Self { field: name, code, detail: detail.into() }
    }
}

/// Longest part of a field's name that is sent back.
const MAX_NAME: usize = 64;
