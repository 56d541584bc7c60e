//! What a reader makes of a URL.

use percent_encoding::percent_decode_str;

/// What a reader makes of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It would connect to this.
    Connects(Destination),
    /// It refuses, in these words.
    Refuses(&'static str),
    /// It reads the address and knows nothing of a parameter, or of the dialect's short name, in these words: nothing
    /// that is wrong with the URL.
    Lacks(&'static str),
}

/// Where it would connect to, and as whom. Compared, never shown: a misread URL has pieces of the password in wrong
/// places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Destination {
    pub(crate) host: String,
    pub(crate) port: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) database: String,
    /// What is odd about it although it is the right place.
    pub(crate) oddity: Option<&'static str>,
}

/// Decodes what can be decoded and leaves a stray `%` as it is.
pub(super) fn lenient(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Whether every `%` begins an escape, and none stands for NUL.
pub(super) fn is_encoded(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        let digits: Vec<char> = after.chars().take(2).collect();
        if digits.len() < 2 || !digits.iter().all(char::is_ascii_hexdigit) || digits == ['0', '0'] {
            return false;
        }
        rest = after;
    }
    true
}

pub(super) fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// The words that libpq knows for `sslmode`.
pub(super) const SSLMODES: &[&str] = &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
