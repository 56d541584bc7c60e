//! The words, signs and literals of a text, as the server takes them apart (PostgreSQL manual, 4.1).

pub(super) enum Token<'a> {
    Word(&'a str),
    /// A semicolon.
    End,
    /// A literal, a quoted name, a sign.
    Other,
}

/// Passes over white space and comments, and takes each literal as one.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) const fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes on behind the first of these that comes, or to the end.
    fn past(&mut self, end: &str) {
        self.at += self.rest().find(end).map_or(self.rest().len(), |found| found + end.len());
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            if rest.starts_with("--") {
                // At either sign of a line's end, as for the server: what follows is no comment to it.
                self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.skip_comment();
            } else {
                let blank = rest.len() - rest.trim_start().len();
                if blank == 0 {
                    return;
                }
                self.at += blank;
            }
        }
    }

    /// A comment in C's manner, which may hold others.
    fn skip_comment(&mut self) {
        let mut depth = 0_u32;
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.at += 2;
            } else {
                match rest.chars().next() {
                    Some(other) => self.at += other.len_utf8(),
                    None => return,
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// A literal or quoted name; the opening sign was passed. Doubled signs make two literals of it, which
    /// does not matter here.
    fn skip_quoted(&mut self, sign: char, escapes: bool) {
        let mut escaped = false;
        let length = self.rest().char_indices().find_map(|(index, found)| {
            let ends = found == sign && !escaped;
            escaped = escapes && found == '\\' && !escaped;
            ends.then(|| index + found.len_utf8())
        });
        self.at += length.unwrap_or(self.rest().len());
    }

    /// `$$ .. $$` or `$tag$ .. $tag$`; else a parameter, or a sign.
    fn skip_dollar(&mut self) {
        let rest = self.rest();
        let tag = rest.get(1..).unwrap_or_default();
        let length = tag.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(tag.len());
        let is_tag = tag.get(length..).is_some_and(|rest| rest.starts_with('$'))
            && !tag.starts_with(|c: char| c.is_ascii_digit());
        let delimiter = rest.get(..length + 2).filter(|_| is_tag);
        self.at += delimiter.map_or(1, str::len);
        if let Some(delimiter) = delimiter {
            self.past(delimiter);
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        let rest = self.rest();
        let sign = rest.chars().next()?;
        if sign.is_alphabetic() || sign == '_' {
            let length =
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
            self.at += length;
            let word = rest.get(..length).unwrap_or_default();
            if word.eq_ignore_ascii_case("e") && self.rest().starts_with('\'') {
                self.at += 1;
                self.skip_quoted('\'', true);
                return Some(Token::Other);
            }
            return Some(Token::Word(word));
        }
        match sign {
            '$' => self.skip_dollar(),
            '\'' | '"' => {
                self.at += 1;
                self.skip_quoted(sign, false);
            }
            _ => self.at += sign.len_utf8(),
        }
        Some(if sign == ';' { Token::End } else { Token::Other })
    }
}
