//! Whether two requests ask for the same.

use sha2::{Digest as _, Sha256};

/// SHA-256 over what a request asks for: the method, the path and each field, as they are understood. Two bodies that
/// differ in white space, in the order of fields or in spellings that mean the same ask for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) Vec<u8>);

impl Fingerprint {
    /// The fingerprint of a request. Fields are given in a fixed order; one that is absent is another request than
    /// one that is empty.
    pub(crate) fn of(method: &str, path: &str, fields: &[(&str, Option<&str>)]) -> Self {
        let mut hash = Sha256::new();
        // Lengths go first, so that no text can run into the next one.
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        [VERSION, method, path].into_iter().for_each(&mut add);
        for (name, value) in fields {
            if let Some(value) = value {
                add(name);
                add(value);
            }
        }
        Self(hash.finalize().to_vec())
    }
}

const VERSION: &str = "steadfast request 1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_differs_makes_another_fingerprint() {
        let all = [
            Fingerprint::of("POST", "/a", &[("x", Some("1")), ("y", Some("2"))]),
            Fingerprint::of("PUT", "/a", &[("x", Some("1")), ("y", Some("2"))]),
            Fingerprint::of("POST", "/b", &[("x", Some("1")), ("y", Some("2"))]),
            Fingerprint::of("POST", "/a", &[("x", Some("1")), ("y", None)]),
            Fingerprint::of("POST", "/a", &[("x", Some("1")), ("y", Some(""))]),
            Fingerprint::of("POST", "/a", &[("x", Some("12")), ("y", Some(""))]),
            Fingerprint::of("POST", "/a", &[("x", Some("2")), ("y", Some("1"))]),
            Fingerprint::of("POST", "/ax", &[("", Some("1"))]),
        ];
        for (n, one) in all.iter().enumerate() {
            assert_eq!(all.iter().filter(|other| *other == one).count(), 1, "{n}");
        }
        assert_eq!(all[3], Fingerprint::of("POST", "/a", &[("x", Some("1"))]));
    }
}
