//! Percent-encoding.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A decoded text.
pub(super) struct Decoded {
    pub(super) text: String,
    /// Whether a `%` stood there that begins no encoding; it was taken literally.
    pub(super) stray: bool,
}

/// Decodes `%XX`; a `%` without two hexadecimal digits stays what it is. An error when the result is not
/// UTF-8.
pub(super) fn decode(text: &str) -> Result<Decoded, &'static str> {
    let stray = text.split('%').skip(1).any(|rest| {
        let mut digits = rest.chars().take(2).filter(char::is_ascii_hexdigit);
        digits.next().is_none() || digits.next().is_none()
    });
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => Ok(Decoded { text: decoded.into_owned(), stray }),
        Err(_) => Err("its percent-encoding gives no UTF-8"),
    }
}

/// Encodes everything that has a meaning in any part of a URL.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn a_stray_percent_sign_stays_and_is_noticed() {
        for (raw, text, stray) in [
            ("100%", "100%", true),
            ("%zz", "%zz", true),
            ("%4", "%4", true),
            ("%40%", "@%", true),
            ("a%40b", "a@b", false),
            ("%25", "%", false),
            ("", "", false),
            ("%é0", "%é0", true),
        ] {
            let decoded = decode(raw).unwrap();
            assert_eq!((decoded.text.as_str(), decoded.stray), (text, stray), "{raw}");
        }
        assert!(decode("%ff").is_err());
    }
}
