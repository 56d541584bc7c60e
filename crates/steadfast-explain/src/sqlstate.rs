//! SQLSTATEs in a text: what remains readable when the server speaks another language than its reader.

/// The classes of SQLSTATEs that tell of errors: PostgreSQL's manual, appendix A.
const CLASSES: &[&str] = &[
    "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "20", "21", "22", "23", "24", "25", "26", "27",
    "28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "40", "42", "44", "53", "54", "55", "57",
    "58", "72", "F0", "HV", "P0", "XX",
];

/// Words before a code that say that it is one, without signs between.
const LABELS: &[&str] = &["sqlstate", "code", "sql state", "pgcode", "sqlcode"];

/// Words of an error near a number in brackets, in the languages that servers are set to most often.
const ERROR_WORDS: &[&str] = &[
    "error",
    "fatal",
    "panic",
    "fail",
    "exception",
    "fehler",
    "erreur",
    "erro",
    "errore",
    "ошибка",
    "важно",
    "错误",
    "エラー",
    "오류",
    "błąd",
    "chyba",
    "hata",
];

/// How far before a number an error word may stand.
const NEAR: usize = 240;

/// The codes in a text, in order of appearance, each once.
pub(crate) fn codes(text: &str) -> Vec<&str> {
    let mut codes = Vec::new();
    for (at, word) in words(text) {
        // The driver's debugging output has `SqlState(E28P01)`.
        let code = if word.len() == 6 { word.strip_prefix('E') } else { Some(word) };
        let Some(code) = code.filter(|code| is_code(code) && !codes.contains(code)) else {
            continue;
        };
        if is_introduced(text, at, word) {
            codes.push(code);
        }
    }
    codes
}

fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter_map(move |word| {
        let start = at;
        // What separates words may be longer than a byte: the next word begins where it does in memory.
        at = start + word.len() + text.get(start + word.len()..)?.chars().next().map_or(0, char::len_utf8);
        matches!(word.len(), 5 | 6).then_some((start, word))
    })
}

fn is_code(word: &str) -> bool {
    word.len() == 5
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && word.get(..2).is_some_and(|class| CLASSES.contains(&class))
        && word.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether what stands around it says that it is a code: five digits are most often something else.
fn is_introduced(text: &str, at: usize, word: &str) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let after = text.get(at + word.len()..).unwrap_or_default();
    let near = tail(before, NEAR).to_lowercase();
    let label = near.trim_end_matches(|c: char| !c.is_alphanumeric());
    if LABELS.iter().any(|name| label.ends_with(name)) {
        return true;
    }
    let is_bracketed = (before.ends_with('(') && after.starts_with(')'))
        || (before.ends_with('[') && after.starts_with(']'));
    let is_verbose = before.trim_end().ends_with(':') && after.starts_with(": ");
    let has_letters = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    if label.ends_with("sqlstate(") || near.ends_with("sqlstate(") {
        return true;
    }
    (is_bracketed && has_letters)
        || ((is_bracketed || is_verbose) && ERROR_WORDS.iter().any(|error| near.contains(error)))
}

/// The last bytes of a text, at most this many.
fn tail(text: &str, bytes: usize) -> &str {
    let from = text.len().saturating_sub(bytes);
    (from..=text.len()).find_map(|from| text.get(from..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_where_something_says_that_they_are_codes() {
        for (text, expected) in [
            ("authenticating: nein (28P01); etwas", vec!["28P01"]),
            ("SQLSTATE[08006] [7] connexion", vec!["08006"]),
            ("SQLSTATE: 53300", vec!["53300"]),
            ("  code: '42P01',", vec!["42P01"]),
            ("code: SqlState(E40001), message", vec!["40001"]),
            ("FEHLER:  40P01: Verklemmung entdeckt", vec!["40P01"]),
            ("FATAL:  Verbindung (53300)", vec!["53300"]),
            ("ОШИБКА: ... (40001)", vec!["40001"]),
            ("e.pgcode = '25P02', again 25P02", vec!["25P02"]),
        ] {
            assert_eq!(codes(text), expected, "{text}");
        }
        for text in [
            "listening on port 55000",
            "127.0.0.1:53300",
            "worker (40001) booted",
            "id=40001 in 57014 ms",
            "GET /items/42501 200",
            "(HELLO) (TEST1)",
            "zip code ABCDE",
            "",
        ] {
            assert_eq!(codes(text), [""; 0], "{text}");
        }
    }
}
