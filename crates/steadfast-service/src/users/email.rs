//! Which email addresses are accepted.

use crate::problem::FieldError;

/// Longest address, in bytes: what fits into a mail server's path (RFC 5321, 256 with its brackets).
const MAX_BYTES: usize = 254;

/// Longest part before the `@`, in bytes (RFC 5321).
const MAX_LOCAL_BYTES: usize = 64;

/// Longest label of a domain, in bytes (RFC 1035).
const MAX_LABEL_BYTES: usize = 63;

/// Checks an email address and gives the spelling to store: the domain in lower case, because a domain has
/// no case, and the part before it as given, because that may have.
///
/// It is a check for mistakes, not for existence; only a message that arrives proves an address. Quoted local
/// parts and addresses of hosts in brackets are legal and refused: nobody has one, and they are a well-used
/// way to confuse the next program.
pub(crate) fn check(text: &str) -> Result<String, FieldError> {
    let refuse = |code, detail: &str| Err(FieldError::new("email", code, detail));
    if text.is_empty() {
        return refuse("too_short", "must have 1 to 254 bytes");
    }
    if text.len() > MAX_BYTES {
        return refuse("too_long", "must have at most 254 bytes");
    }
    if text.contains('\0') {
        return refuse("invalid", "must not contain a NUL character");
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return refuse("invalid", "must not contain blanks or control characters");
    }
    let Some((local, domain)) = text.split_once('@') else {
        return refuse("invalid", "must have an @, as in name@example.org");
    };
    if domain.contains('@') {
        return refuse("invalid", "must have only one @");
    }
    if local.is_empty() || local.len() > MAX_LOCAL_BYTES {
        return refuse("invalid", "must have 1 to 64 bytes before the @");
    }
    if local.split('.').any(str::is_empty) || !local.chars().all(|c| c == '.' || is_atom(c)) {
        return refuse("invalid", "has characters or dots before the @ that an address cannot have");
    }
    if domain != "localhost" && !domain.contains('.') {
        return refuse("invalid", "must have a domain with a dot after the @");
    }
    if !domain.split('.').all(is_label) {
        return refuse("invalid", "has a domain that cannot exist");
    }
    // ASCII only: that is what DNS folds; the rest is for whoever converts the name to its wire form.
    Ok(format!("{local}@{}", domain.to_ascii_lowercase()))
}

/// Characters of an unquoted local part (RFC 5322 `atext`), and letters and digits of other scripts.
fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c) || (!c.is_ascii() && c.is_alphanumeric())
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL_BYTES).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && c.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_addresses_are_accepted() {
        for email in [
            "a@b.c",
            "ada.lovelace+test@example.org",
            "o'brien@example.co.uk",
            "root@localhost",
            "用户@例子.公司",
            "x@xn--fsqu00a.xn--0zwm56d",
            &format!("{}@example.org", "l".repeat(64)),
        ] {
            assert_eq!(check(email).as_deref(), Ok(email), "{email}");
        }
    }

    #[test]
    fn a_domain_has_no_case_and_a_mailbox_may_have() {
        assert_eq!(check("Ada@Example.ORG").unwrap(), "Ada@example.org");
    }

    #[test]
    fn mistakes_are_refused() {
        let long_domain = format!("a@{}.org", "d".repeat(64));
        let long_local = format!("{}@example.org", "l".repeat(65));
        let long = format!("a@{}org", "d.".repeat(126));
        for (email, code) in [
            ("", "too_short"),
            (&*long, "too_long"),
            (&*long_local, "invalid"),
            (&*long_domain, "invalid"),
            ("plain", "invalid"),
            ("@b.c", "invalid"),
            ("a@", "invalid"),
            ("a@b", "invalid"),
            ("a@b@c.d", "invalid"),
            ("a b@c.d", "invalid"),
            ("a@b.c ", "invalid"),
            ("a@b.c\n", "invalid"),
            ("a\0@b.c", "invalid"),
            (".a@b.c", "invalid"),
            ("a..b@c.d", "invalid"),
            ("a@.b.c", "invalid"),
            ("a@b..c", "invalid"),
            ("a@b.c.", "invalid"),
            ("a@-b.c", "invalid"),
            ("a@b_c.d", "invalid"),
            ("a@[127.0.0.1]", "invalid"),
            ("\"a b\"@c.d", "invalid"),
            ("Ada <a@b.c>", "invalid"),
            ("a\u{202E}@b.c", "invalid"),
            ("a@b\u{200B}.c", "invalid"),
        ] {
            let error = check(email).unwrap_err();
            assert_eq!((error.field.as_str(), error.code), ("email", code), "{email:?}");
        }
    }
}
