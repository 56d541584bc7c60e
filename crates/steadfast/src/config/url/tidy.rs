//! What happened to a URL on its way through shells, files and clipboards.

use crate::config::url::Refusal;

/// A URL without its wrapping.
pub(super) struct Tidy<'a> {
    pub(super) text: &'a str,
    pub(super) repairs: Vec<&'static str>,
}

/// Takes off blanks, quotes and the command that it was copied with.
pub(super) fn tidy(text: &str) -> Result<Tidy<'_>, Refusal> {
    let mut tidy = Tidy { text, repairs: Vec::new() };
    // A round for each layer: `export DATABASE_URL="psql 'postgres://...' "` has six.
    for _ in 0..8 {
        let before = tidy.text.len();
        tidy.blanks();
        tidy.command();
        tidy.quotes();
        if tidy.text.len() == before {
            break;
        }
    }
    tidy.repairs.dedup();
    tidy.check()?;
    Ok(tidy)
}

impl Tidy<'_> {
    fn blanks(&mut self) {
        let trimmed = self.text.trim_matches(|c: char| c.is_whitespace() || INVISIBLE.contains(&c));
        if trimmed.len() != self.text.len() {
            self.text = trimmed;
            self.repairs.push("removed blanks or line breaks around it");
        }
    }

    fn command(&mut self) {
        for (command, repair) in COMMANDS {
            if let Some(rest) = self.text.strip_prefix(command) {
                self.text = rest;
                self.repairs.push(repair);
            }
        }
    }

    fn quotes(&mut self) {
        for (open, close) in QUOTES {
            let inside = self.text.strip_prefix(*open).and_then(|rest| rest.strip_suffix(*close));
            if let Some(inside) = inside {
                self.text = inside;
                self.repairs.push("removed quotes around it");
            }
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.text.is_empty() {
            return Err(Refusal::new(
                "",
                "it is set but empty, as when a reference to another variable gives nothing",
                "set it to postgres://user:password@host:5432/database, or unset it to use a SQLite file",
            ));
        }
        if self.text.starts_with(|c| QUOTES.iter().any(|(open, close)| c == *open || c == *close)) {
            return Err(Refusal::new(
                "quotes",
                "it begins with a quote that is not closed at the end",
                NO_QUOTES,
            ));
        }
        if self.text.chars().any(|c| c.is_control()) {
            return Err(Refusal::new(
                "",
                "it contains a line break or another control character in its midst",
                "accepted: one URL on one line; inside a password such characters are percent-encoded",
            ));
        }
        if is_placeholder(self.text) {
            return Err(Refusal::new(
                "",
                "it contains a reference to a variable that nobody replaced",
                "let the shell or the platform replace it (check spelling, and that the other service \
                exists); \
                 a `$` or `{` that is meant literally is written %24 or %7B",
            ));
        }
        Ok(())
    }
}

const NO_QUOTES: &str = "accepted: the URL without quotes";

/// Zero-width characters and the byte order mark: nobody sees them, and `trim` does not count them as blank.
const INVISIBLE: &[char] = &['\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\0'];

const QUOTES: &[(char, char)] =
    &[('"', '"'), ('\'', '\''), ('`', '`'), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}')];

const COMMANDS: &[(&str, &str)] = &[
    ("export ", "removed the command `export` before it"),
    ("DATABASE_URL=", "removed the name of the variable before it"),
    ("psql ", "removed the command `psql` before it"),
];

/// `$NAME`, `${NAME}`, `${{Service.NAME}}`, `$(NAME)`, `{{NAME}}`, `%NAME%`, `<...>` in the place of the URL;
/// or those of them with brackets anywhere in it.
fn is_placeholder(text: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ' | ':');
    let is_reference = |open: &str, close: &str| {
        text.match_indices(open).any(|(start, _)| {
            let inside = text.get(start.saturating_add(open.len())..).unwrap_or_default();
            inside.split_once(close).is_some_and(|(name, _)| !name.is_empty() && name.chars().all(is_name))
        })
    };
    text.starts_with(['$', '<'])
        || (text.starts_with('%') && text.ends_with('%'))
        || [("${", "}"), ("${{", "}}"), ("$(", ")"), ("{{", "}}")]
            .iter()
            .any(|(open, close)| is_reference(open, close))
}
