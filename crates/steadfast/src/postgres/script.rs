//! What the statements of a text do to the transaction around them, read off the text.
//!
//! # Implementation details
//! This is no parser: it knows comments, literals and where a statement ends, as psql does, and looks at the
//! first words of each. What it cannot see, such as a statement inside a function, the server refuses by itself.

mod tokens;

use tokens::{Token, Tokens};

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
    let word = Tokens::of(text).find_map(|token| match token {
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
    let mut tokens = Tokens::of(text);
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

#[cfg(test)]
mod tests;
