//! What commands do to a session that outlives their transaction, read off their tags and texts alone.

/// Tags of commands whose effect stays in the session. `DO` runs code that nobody has looked at.
pub(super) fn is_touching_tag(tag: &[u8]) -> bool {
    matches!(
        tag,
        b"SET"
            | b"RESET"
            | b"LISTEN"
            | b"PREPARE"
            | b"DEALLOCATE"
            | b"DEALLOCATE ALL"
            | b"DISCARD ALL"
            | b"DISCARD PLANS"
            | b"DECLARE CURSOR"
            | b"LOAD"
            | b"DO"
    )
}

/// Tags of commands after which texts may do something else than before.
pub(super) fn creates_code(tag: &[u8]) -> bool {
    let Some(what) = tag.strip_prefix(b"CREATE ").or_else(|| tag.strip_prefix(b"ALTER ")) else {
        return false;
    };
    let first = what.split(|byte| *byte == b' ').next().unwrap_or_default();
    matches!(
        first,
        b"FUNCTION"
            | b"PROCEDURE"
            | b"ROUTINE"
            | b"TRIGGER"
            | b"VIEW"
            | b"RULE"
            | b"POLICY"
            | b"EXTENSION"
            | b"OPERATOR"
            | b"AGGREGATE"
            | b"CAST"
            | b"EVENT"
    )
}

/// Texts whose effect stays in the session while their tag does not say so.
pub(super) fn is_touching(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(at, byte)| {
        let rest = text.get(at..).unwrap_or_default();
        match byte.to_ascii_lowercase() {
            // Those of a transaction (`pg_advisory_xact_lock`) end with it.
            b'a' => begins(rest, b"advisory_") && !begins(rest, b"advisory_xact"),
            b's' => begins(rest, b"set_config"),
            b't' => {
                let before = at.checked_sub(1).and_then(|before| text.get(before)).copied();
                let starts_word = before.is_none_or(|byte| !byte.is_ascii_alphanumeric());
                starts_word && (is_word(rest, b"temp") || is_word(rest, b"temporary"))
            }
            _ => false,
        }
    })
}

/// What our own transactions begin and end with, word by word: there is nothing in it to be looked for.
pub(super) fn is_bare_boundary(text: &[u8]) -> bool {
    matches!(text, b"BEGIN" | b"BEGIN READ ONLY" | b"COMMIT" | b"ROLLBACK")
}

/// One statement that changes a setting until the end of its transaction.
pub(super) fn is_local_set(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let single = !text.strip_suffix(b";").unwrap_or(text).contains(&b';');
    let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    single
        && words.next().is_some_and(|word| word.eq_ignore_ascii_case(b"set"))
        && words.next().is_some_and(|word| {
            word.eq_ignore_ascii_case(b"local") || word.eq_ignore_ascii_case(b"transaction")
        })
}

fn begins(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn is_word(text: &[u8], word: &[u8]) -> bool {
    begins(text, word)
        && text.get(word.len()).is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_in_the_session_is_seen_in_the_text() {
        for text in [
            "SELECT pg_advisory_lock(1)",
            "select PG_TRY_ADVISORY_LOCK($1)",
            "SELECT set_config('a.b', 'c', false)",
            "CREATE TEMP TABLE t (a int)",
            "create temporary table t as select 1",
            "CREATE TABLE pg_temp.t (a int)",
            "SELECT 1 INTO TEMP t",
        ] {
            assert!(is_touching(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_not() {
        for text in [
            "SELECT temperature FROM readings",
            "SELECT template, attempt, temp_c FROM t",
            "SELECT pg_advisory_xact_lock(1)",
            "UPDATE users SET config = 1",
            "SELECT advisor FROM t",
        ] {
            assert!(!is_touching(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_bare_boundary_is_nothing_else() {
        for text in ["BEGIN", "BEGIN READ ONLY", "COMMIT", "ROLLBACK"] {
            let bytes = text.as_bytes();
            assert!(is_bare_boundary(bytes) && !is_touching(bytes) && !is_local_set(bytes), "{text}");
        }
        for text in ["COMMIT; SET a.b = 1", "COMMIT PREPARED 'x'", "BEGIN;", ""] {
            assert!(!is_bare_boundary(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_row_for_each_tag() {
        for tag in
            ["SET", "RESET", "LISTEN", "PREPARE", "DEALLOCATE", "DECLARE CURSOR", "LOAD", "DO", "DISCARD ALL"]
        {
            assert!(is_touching_tag(tag.as_bytes()), "{tag}");
        }
        for tag in [
            "BEGIN",
            "COMMIT",
            "ROLLBACK",
            "SELECT 1",
            "INSERT 0 1",
            "SET CONSTRAINTS",
            "CREATE TABLE",
            "CLOSE CURSOR",
        ] {
            assert!(!is_touching_tag(tag.as_bytes()), "{tag}");
        }
    }
}
