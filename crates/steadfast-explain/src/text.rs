//! A pasted text as it is compared: lower case, one blank for any run of white space, one kind of quote.

use std::borrow::Cow;

/// Brings a text into the form in which wordings are compared. `*` in wordings stays as it is.
///
/// What terminals, logs and mail add is removed: escape sequences, the escaped line ends and quotes of JSON, the bars
/// and angle brackets at the beginning of quoted lines.
pub(crate) fn normalise(text: &str) -> String {
    let text = without_escape_sequences(text);
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '|' | '>' | '│' | '┃'));
        push_line(&mut plain, line);
        push_blank(&mut plain);
    }
    plain.truncate(plain.trim_end().len());
    plain
}

fn push_line(plain: &mut String, line: &str) {
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.peek() {
                Some('n' | 't' | 'r') => {
                    characters.next();
                    push_blank(plain);
                }
                Some('"' | '\'') => {}
                _ => plain.push('\\'),
            },
            '\'' | '`' | '\u{2018}'..='\u{201f}' | '«' | '»' => plain.push('"'),
            c if c.is_whitespace() || c.is_control() => push_blank(plain),
            c if c.is_ascii() => plain.push(c.to_ascii_lowercase()),
            c => plain.extend(c.to_lowercase()),
        }
    }
}

fn push_blank(plain: &mut String) {
    if !plain.is_empty() && !plain.ends_with(' ') {
        plain.push(' ');
    }
}

/// Removes what colours a terminal: ESC, `[`, parameters, one letter.
fn without_escape_sequences(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut pieces = text.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = match piece.strip_prefix('[') {
            Some(sequence) => {
                let end = sequence.find(|c: char| ('@'..='~').contains(&c));
                end.and_then(|end| sequence.get(end + 1..)).unwrap_or_default()
            }
            None => piece,
        };
        plain.push_str(rest);
    }
    Cow::Owned(plain)
}

/// The same without any white space: what is left equal when a terminal has broken lines within words.
pub(crate) fn without_blanks(normalised: &str) -> String {
    normalised.chars().filter(|c| *c != ' ').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terminals_logs_and_mail_add_is_removed() {
        for (pasted, plain) in [
            ("FATAL:  sorry,\n\ttoo many", "fatal: sorry, too many"),
            ("\u{1b}[31mFATAL\u{1b}[0m: no", "fatal: no"),
            (r#"{"m":"a\n\tb \"c\""}"#, r#"{"m":"a b "c""}"#),
            ("> > relation ‘x’ does\r\n> > not exist", "relation \"x\" does not exist"),
            ("│ connection\n│ refused  ", "connection refused"),
            ("Größe «Ü»", "größe \"ü\""),
            ("C:\\x", "c:\\x"),
            ("", ""),
            ("\u{1b}[", ""),
        ] {
            assert_eq!(normalise(pasted), plain, "{pasted:?}");
        }
    }
}
