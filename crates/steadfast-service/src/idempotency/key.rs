//! The header that names a change.

use axum::extract::OptionalFromRequestParts;
use http::HeaderName;
use http::request::Parts;

use crate::problem::{Problem, ProblemKind};

/// What a client calls its change, so that it can be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(String);

/// Longer names than a UUID are in use; longer ones than this are a mistake.
const MAX_LENGTH: usize = 255;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

impl Key {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the header's value: a string of structured fields (RFC 9651, 3.3.3) as the draft has it, or the bare
    /// word that most clients send. Both name the same key.
    fn parse(value: &[u8]) -> Result<Self, &'static str> {
        let value =
            std::str::from_utf8(value).map_err(|_not_text| OTHER_CHARACTERS)?.trim_matches([' ', '\t']);
        let key = match value.strip_prefix('"') {
            Some(rest) => unquote(rest)?,
            None if value.bytes().all(is_bare) => value.to_owned(),
            None => return Err(OTHER_CHARACTERS),
        };
        match key.len() {
            0 => Err("The Idempotency-Key is empty."),
            1..=MAX_LENGTH => Ok(Self(key)),
            _ => Err("The Idempotency-Key is longer than 255 characters."),
        }
    }
}

/// The text up to the closing quotation mark, which must be the last character.
fn unquote(rest: &str) -> Result<String, &'static str> {
    let mut key = String::new();
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' if characters.as_str().is_empty() => return Ok(key),
            '"' => return Err("There is something behind the quotation mark that ends the Idempotency-Key."),
            '\\' => match characters.next() {
                Some(escaped @ ('"' | '\\')) => key.push(escaped),
                _ => {
                    return Err(
                        "A backslash in an Idempotency-Key stands before a quotation mark or another backslash.",
                    );
                }
            },
            ' '..='~' => key.push(character),
            _ => return Err(OTHER_CHARACTERS),
        }
    }
    Err("The quotation mark that ends the Idempotency-Key is missing.")
}

/// Without quotation marks, only what cannot be mistaken for a list, a parameter or a part of a quoted text.
fn is_bare(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

const OTHER_CHARACTERS: &str = "The Idempotency-Key has characters that it may not have.";

/// The key of a request, if it has one.
impl<S: Sync> OptionalFromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        let refuse = |detail| Problem::new(ProblemKind::InvalidIdempotencyKey, detail);
        let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(refuse("There is more than one Idempotency-Key."));
        }
        Self::parse(value.as_bytes()).map(Some).map_err(refuse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(value: &str) -> Option<String> {
        Key::parse(value.as_bytes()).ok().map(|key| key.0)
    }

    #[test]
    fn a_key_is_read_with_and_without_quotation_marks() {
        let uuid = "8e03978e-40d5-43dd-bc93-6894a57f9324";
        assert_eq!(key(uuid).as_deref(), Some(uuid));
        assert_eq!(key(&format!(" \"{uuid}\" ")).as_deref(), Some(uuid));
        assert_eq!(key(r#""a \"b\" \\ c""#).as_deref(), Some(r#"a "b" \ c"#));
        assert_eq!(key("\"a, b; c\"").as_deref(), Some("a, b; c"));
        assert_eq!(key("order:42/ship_1.x~+=").as_deref(), Some("order:42/ship_1.x~+="));
        assert_eq!(key(&format!("\"{}\"", "x".repeat(255))).map(|key| key.len()), Some(255));
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "x".repeat(256);
        for value in [
            "",
            " ",
            "\"\"",
            "\"",
            "\"a",
            "a\"",
            "\"a\"b",
            "\"a\";b=1",
            "\"a\", \"b\"",
            "a,b",
            "a b",
            "a;b",
            "a\\b",
            r#""a\x""#,
            r#""a\"#,
            "é",
            "\"é\"",
            "\"a\tb\"",
            "\"a\u{7f}\"",
            &long,
            &format!("\"{long}\""),
        ] {
            assert_eq!(key(value), None, "{value:?}");
        }
        assert!(Key::parse(b"\xff").is_err());
    }
}
