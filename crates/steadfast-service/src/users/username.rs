//! Which user names are accepted.

use unicode_normalization::UnicodeNormalization as _;

use crate::problem::FieldError;

/// Longest user name, in characters (Unicode scalar values).
pub(crate) const MAX_CHARS: usize = 64;

/// Checks a user name and gives the spelling to store (Unicode NFC, so that `é` in one character and in two
/// is the same user). Letters of every script, digits, marks, emoji and inner blanks are welcome; what cannot
/// be seen or changes the direction of the text around it is not.
///
/// Case is kept and significant: `Ada` and `ada` are two users.
pub(crate) fn check(text: &str) -> Result<String, FieldError> {
    let refuse = |code, detail: &str| Err(FieldError::new("username", code, detail));
    // Normalising never makes text more than a few times longer, but refuse a megabyte before working on it.
    if text.chars().nth(MAX_CHARS * 4).is_some() {
        return refuse("too_long", TOO_LONG);
    }
    let name: String = text.nfc().collect();
    if name.is_empty() {
        return refuse("too_short", "must have 1 to 64 characters");
    }
    if name.chars().count() > MAX_CHARS {
        return refuse("too_long", TOO_LONG);
    }
    if name.contains('\0') {
        return refuse("invalid", "must not contain a NUL character");
    }
    if name.chars().any(char::is_control) {
        return refuse("invalid", "must not contain control characters");
    }
    if name.starts_with(char::is_whitespace) || name.ends_with(char::is_whitespace) {
        return refuse("invalid", "must not begin or end with a blank");
    }
    if name.chars().any(is_invisible) {
        return refuse("invalid", "must not contain invisible or direction-changing characters");
    }
    if name.chars().all(is_joiner) {
        return refuse("invalid", "must contain something that can be seen");
    }
    Ok(name)
}

const TOO_LONG: &str = "must have at most 64 characters";

/// Joiners are part of emoji and of Persian and Indic words, and of nothing on their own.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE0E}' | '\u{FE0F}')
}

/// Characters by which two names that look the same differ, or one name garbles the page around it.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}' // soft hyphen
        | '\u{034F}' // combining grapheme joiner
        | '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' // direction
        | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' // Hangul fillers
        | '\u{180B}'..='\u{180F}' // Mongolian selectors
        | '\u{200B}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}'
        | '\u{FEFF}' // byte order mark
        | '\u{FFF9}'..='\u{FFFB}' // annotations
        | '\u{1D173}'..='\u{1D17A}' // musical formatting
        | '\u{E0000}'..='\u{E0FFF}' // tags and selectors
        | '\u{FDD0}'..='\u{FDEF}' // noncharacters
    ) || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_script_are_kept_as_given() {
        for name in [
            "a",
            "Ada Lovelace",
            "O'Brien-Smith",
            "a\"; DROP TABLE users; --",
            "李小龍",
            "Ærøskøbing",
            "محمد",
            "שלום",
            "می\u{200C}خواهم",
            "👩\u{200D}💻",
            "❤\u{FE0F}",
            "a\u{301}b\u{301}".nfc().collect::<String>().as_str(),
            &"x".repeat(64),
            &"🦀".repeat(64),
        ] {
            assert_eq!(check(name).as_deref(), Ok(name), "{name}");
        }
    }

    #[test]
    fn two_spellings_of_one_name_are_one_name() {
        assert_eq!(check("Zoe\u{308}"), check("Zo\u{EB}"));
        assert_eq!(check("Å").unwrap(), check("\u{212B}").unwrap());
        // 64 characters once they are composed.
        assert!(check(&"e\u{301}".repeat(64)).is_ok());
    }

    #[test]
    fn names_that_cannot_be_stored_or_seen_are_refused() {
        let table = [
            ("", "too_short"),
            (&*"x".repeat(65), "too_long"),
            (&*"🦀".repeat(65), "too_long"),
            (&*"x".repeat(1 << 20), "too_long"),
            ("a\0b", "invalid"),
            ("\0", "invalid"),
            ("a\nb", "invalid"),
            ("a\tb", "invalid"),
            ("\u{7f}", "invalid"),
            ("a\u{85}", "invalid"),
            (" a", "invalid"),
            ("a ", "invalid"),
            ("\u{3000}a", "invalid"),
            (" ", "invalid"),
            ("a\u{202E}b", "invalid"),
            ("a\u{200B}b", "invalid"),
            ("\u{FEFF}a", "invalid"),
            ("a\u{2028}b", "invalid"),
            ("a\u{FFFF}", "invalid"),
            ("a\u{1FFFE}", "invalid"),
            ("\u{3164}", "invalid"),
            ("\u{200D}", "invalid"),
            ("a\u{E0041}", "invalid"),
        ];
        for (name, code) in table {
            let error = check(name).unwrap_err();
            assert_eq!((error.field.as_str(), error.code), ("username", code), "{name:.20?}");
        }
    }
}
