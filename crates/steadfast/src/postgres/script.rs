//! What the statements of a text do to the transaction around them, read off the text.
//!
//! # Implementation details
//! This is no parser: it knows comments, literals and where a statement ends, as psql does, and looks at the
//! first words of each. What it cannot see, such as a statement inside a function, the server refuses by itself.

/// What a statement does to the transaction around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Plain,
    /// It begins one, or ends one by a rollback.
    Controlling,
    /// It may commit it.
    Committing,
    /// It returns to a savepoint in it.
    ReturningToSavepoint,
    /// Nothing; but it may want data, for which the server would take whatever was sent behind it.
    Copying,
}

impl Kind {
    pub(super) const fn controls(self) -> bool {
        matches!(self, Self::Controlling | Self::Committing)
    }
}

/// What a statement does to rows, as far as its first word tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// Nothing, unless a function in it does.
    Reads,
    /// It changes rows of a table.
    Changes,
    /// Anything.
    Other,
}

/// What a text tells of what it does. It depends on the text alone, so that it is found out once and kept beside the
/// prepared statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Script {
    /// The kind of its first statement.
    pub(super) first: Kind,
    /// There is more than one statement.
    pub(super) several: bool,
    /// One of them begins or ends a transaction.
    pub(super) controls: bool,
    /// One of them may commit.
    pub(super) commits: bool,
    /// One of them is a COPY.
    pub(super) copies: bool,
    /// What the first does to rows.
    pub(super) habit: Habit,
    /// It is a query, whose functions are all that could do more than read.
    pub(super) queries: bool,
    /// It may send a notification: NOTIFY, or a call of `pg_notify`.
    pub(super) notifies: bool,
}

impl Script {
    pub(super) fn of(text: &str) -> Self {
        let word = first_word(text);
        let mut script = Self {
            first: Kind::Plain,
            several: false,
            controls: false,
            commits: false,
            copies: false,
            habit: habit(&word),
            queries: matches!(&*word, "select" | "values" | "table" | "with"),
            notifies: mentions_notify(text),
        };
        for (index, kind) in kinds(text).enumerate() {
            if index == 0 {
                script.first = kind;
            }
            script.several = index > 0;
            script.controls |= kind.controls();
            script.commits |= kind == Kind::Committing;
            script.copies |= kind == Kind::Copying;
        }
        script
    }
}

/// In small letters; empty when there is none.
fn first_word(text: &str) -> String {
    let word = Tokens { text, at: 0 }.find_map(|token| match token {
        Token::Word(word) => Some(word.to_ascii_lowercase()),
        // A bracket around a SELECT.
        Token::Other => None,
        Token::End => Some(String::new()),
    });
    word.unwrap_or_default()
}

/// What a statement that begins like this does to rows.
fn habit(word: &str) -> Habit {
    match word {
        "select" | "values" | "table" | "show" | "fetch" | "move" | "close" | "declare" | "savepoint"
        | "release" | "rollback" | "set" | "reset" => Habit::Reads,
        "insert" | "update" | "delete" | "merge" => Habit::Changes,
        _ => Habit::Other,
    }
}

fn mentions_notify(text: &str) -> bool {
    text.as_bytes().windows(6).any(|window| window.eq_ignore_ascii_case(b"notify"))
}

/// The kinds of all statements that are there, one after the other.
fn kinds(text: &str) -> impl Iterator<Item = Kind> {
    let mut tokens = Tokens { text, at: 0 };
    std::iter::from_fn(move || {
        loop {
            let statement = Opening::read(&mut tokens)?;
            if !statement.is_empty() {
                return Some(statement.kind());
            }
        }
    })
}

/// The first words of a statement.
#[derive(Default)]
struct Opening<'a> {
    words: [&'a str; 3],
    count: usize,
    anything: bool,
}

impl<'a> Opening<'a> {
    /// Reads to the end of the statement; `None` at the end of the text. The body of an SQL-standard function
    /// (`BEGIN ATOMIC ..; .. END`) is part of its CREATE.
    fn read(tokens: &mut Tokens<'a>) -> Option<Self> {
        let mut opening = Self::default();
        let mut depth = 0_u32;
        let mut began = false;
        for token in tokens.by_ref() {
            began = true;
            match token {
                Token::End if depth == 0 => return Some(opening),
                Token::End | Token::Other => opening.anything = true,
                Token::Word(word) => {
                    opening.push(word);
                    if opening.is("create") {
                        depth = nested(depth, word);
                    }
                }
            }
        }
        began.then_some(opening)
    }

    fn push(&mut self, word: &'a str) {
        self.anything = true;
        if let Some(place) = self.words.get_mut(self.count) {
            *place = word;
            self.count += 1;
        }
    }

    fn is(&self, first: &str) -> bool {
        self.words.first().is_some_and(|word| word.eq_ignore_ascii_case(first))
    }

    const fn is_empty(&self) -> bool {
        !self.anything
    }

    fn kind(&self) -> Kind {
        let [first, second, third] = self.words.map(str::to_ascii_lowercase);
        let to = |word: &str| word == "to";
        let filler = matches!(second.as_str(), "work" | "transaction");
        match first.as_str() {
            "rollback" if to(&second) || (filler && to(&third)) => Kind::ReturningToSavepoint,
            "begin" | "start" | "rollback" | "abort" => Kind::Controlling,
            "commit" | "end" => Kind::Committing,
            "prepare" if second == "transaction" => Kind::Committing,
            "copy" => Kind::Copying,
            _ => Kind::Plain,
        }
    }
}

fn nested(depth: u32, word: &str) -> u32 {
    if word.eq_ignore_ascii_case("begin") || (depth > 0 && word.eq_ignore_ascii_case("case")) {
        depth + 1
    } else if word.eq_ignore_ascii_case("end") {
        depth.saturating_sub(1)
    } else {
        depth
    }
}

enum Token<'a> {
    Word(&'a str),
    /// A semicolon.
    End,
    /// A literal, a quoted name, a sign.
    Other,
}

/// Passes over white space and comments, and takes each literal as one.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
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
                self.past("\n");
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

#[cfg(test)]
mod tests;
