//! `steadfast explain`.

use std::io::{self, Read as _};

use serde_json::{Value, json};
use steadfast::config::Environment;
use steadfast_explain::{
    Client, Entry, Evidence, Layer, Match, Wording, entries, entry, markdown, nearest, nearest_to_text,
    recognise,
};

use crate::exit::Exit;
use crate::page::{Page, Style};
use crate::terminal::{complain, print};

/// The most that is read from standard input.
const INPUT_LIMIT: u64 = 64 << 20;

/// Prints the list, or the story of what was asked for. Nothing of what was pasted is printed: it may hold a password.
pub(crate) fn run(words: &[String], form: Form, environment: &Environment) -> Exit {
    let asked = match words {
        [] if form == Form::Markdown => {
            print(&markdown());
            return Exit::Done;
        }
        [] => {
            print(&list(form, environment));
            return Exit::Done;
        }
        [only] if only == "-" => match input() {
            Ok(text) => text,
            Err(error) => {
                complain(&format!("error: standard input cannot be read: {error}"));
                return Exit::Failed;
            }
        },
        words => words.join(" "),
    };
    let answer = Answer::to(asked.trim());
    match form {
        Form::Json => print(&format!("{:#}\n", answer.json())),
        Form::Text | Form::Markdown => print(&answer.text(environment)),
    }
    if answer.found.is_empty() { Exit::Failed } else { Exit::Done }
}

/// How the answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// The whole catalogue as a part of a document.
    Markdown,
}

/// What was found for what was asked.
#[derive(Debug)]
struct Answer {
    found: Vec<Found>,
    /// Entries to offer when nothing was found.
    nearest: Vec<&'static Entry>,
}

#[derive(Debug)]
struct Found {
    entry: &'static Entry,
    confidence: &'static str,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Asked,
    Wording(&'static Wording),
    Code(&'static str),
}

impl Answer {
    fn to(asked: &str) -> Self {
        let id = asked.to_ascii_lowercase();
        if let Some(entry) = entry(&id) {
            let found = vec![Found { entry, confidence: "certain", why: Why::Asked }];
            return Self { found, nearest: Vec::new() };
        }
        let found: Vec<Found> = if is_code(asked) {
            recognise(&format!("SQLSTATE {}", asked.to_ascii_uppercase())).matches
        } else {
            recognise(asked).matches
        }
        .into_iter()
        .map(Found::from)
        .collect();
        let offered = if found.is_empty() { near(asked) } else { Vec::new() };
        Self { found, nearest: offered }
    }

    fn text(&self, environment: &Environment) -> String {
        let mut page = Page::for_output(environment);
        let Some((best, others)) = self.found.split_first() else {
            page.paragraph(
                "",
                "Not recognised. What was given is not repeated here, for it may hold a password.",
            );
            if !self.nearest.is_empty() {
                page.gap();
                page.paragraph("", "Nearest in the catalogue:");
                self.nearest.iter().for_each(|entry| line(&mut page, entry));
            }
            page.gap();
            page.paragraph("", "`steadfast explain` lists all entries; `steadfast explain ID` tells one.");
            return page.into_text();
        };
        story(&mut page, best);
        if !others.is_empty() {
            page.gap();
            page.heading("Also in what was given");
            others.iter().for_each(|found| line(&mut page, found.entry));
        }
        page.into_text()
    }

    fn json(&self) -> Value {
        let matches: Vec<Value> = self.found.iter().map(Found::json).collect();
        let nearest: Vec<Value> =
            self.nearest.iter().map(|entry| json!({ "id": entry.id, "title": entry.title })).collect();
        json!({ "recognised": !matches.is_empty(), "matches": matches, "nearest": nearest })
    }
}

impl From<Match> for Found {
    fn from(found: Match) -> Self {
        let why = match found.evidence {
            Evidence::Wording(wording) => Why::Wording(wording),
            Evidence::Code(code) => Why::Code(code),
            _ => Why::Asked,
        };
        Self { entry: found.entry, confidence: found.confidence.name(), why }
    }
}

impl Found {
    fn json(&self) -> Value {
        let evidence = match self.why {
            Why::Asked => json!({ "id": self.entry.id }),
            Why::Wording(wording) => json!({ "wording": wording.text, "client": wording.client.name() }),
            Why::Code(code) => json!({ "sqlstate": code }),
        };
        json!({ "confidence": self.confidence, "evidence": evidence, "entry": entry_json(self.entry) })
    }
}

/// Five letters and digits that begin with a digit or are the code of an entry.
fn is_code(asked: &str) -> bool {
    let code = asked.to_ascii_uppercase();
    code.len() == 5
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && code.bytes().any(|byte| byte.is_ascii_digit())
}

fn near(asked: &str) -> Vec<&'static Entry> {
    let by_id = if asked.contains(char::is_whitespace) { Vec::new() } else { nearest(asked) };
    if by_id.is_empty() { nearest_to_text(asked) } else { by_id }
}

fn list(form: Form, environment: &Environment) -> String {
    if form == Form::Json {
        let entries: Vec<Value> = entries().iter().map(entry_json).collect();
        return format!("{:#}\n", json!({ "entries": entries }));
    }
    let mut page = Page::for_output(environment);
    for layer in Layer::ALL {
        page.heading(layer.title());
        entries().iter().filter(|entry| entry.layer == layer).for_each(|entry| line(&mut page, entry));
        page.gap();
    }
    page.paragraph("", "`steadfast explain ID` tells one; `steadfast explain \"error text\"` finds it.");
    page.into_text()
}

/// As wide as the longest identifier.
const ID_WIDTH: usize = 34;

fn line(page: &mut Page, entry: &Entry) {
    page.paragraph(&format!("  {:ID_WIDTH$}  ", entry.id), entry.title);
}

fn story(page: &mut Page, found: &Found) {
    let entry = found.entry;
    page.heading(entry.title);
    let id = format!("{} ({})", entry.id, entry.layer);
    let id = page.styled(Style::Dim, &id);
    page.paragraph("", &id);
    match found.why {
        Why::Asked => {}
        Why::Wording(wording) => {
            let text = wording.text.replace('*', "..");
            page.paragraph("", &format!("Recognised by the words of {}: \"{text}\".", wording.client));
        }
        Why::Code(code) => {
            page.paragraph("", &format!("Recognised by SQLSTATE {code} ({}).", found.confidence))
        }
    }
    page.gap();
    page.paragraph("", entry.happened);
    page.gap();
    page.heading("Likely causes");
    entry.causes.iter().for_each(|cause| page.paragraph("  - ", &sentence(cause)));
    page.gap();
    page.heading("What to do");
    for (number, remedy) in (1..).zip(entry.remedies) {
        page.paragraph(&format!("  {number}. "), remedy);
    }
    page.gap();
    page.heading("Does trying again help?");
    page.paragraph("  ", entry.retry.sentence());
    page.gap();
    page.heading("What steadfast does by itself");
    page.paragraph("  ", entry.steadfast);
    if !entry.codes.is_empty() {
        page.gap();
        page.heading("SQLSTATE");
        page.paragraph("  ", &entry.codes.join(", "));
    }
    if !entry.related.is_empty() {
        page.gap();
        page.heading("See also");
        page.paragraph("  ", &entry.related.join(", "));
    }
}

/// A cause, which is written as a part of a list, as a sentence. Names of options keep their first letter.
fn sentence(cause: &str) -> String {
    let is_word =
        cause.split([' ', ',']).next().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()));
    match cause.get(..1).filter(|_| is_word) {
        Some(first) => format!("{}{}.", first.to_uppercase(), cause.get(1..).unwrap_or_default()),
        None => format!("{cause}."),
    }
}

fn entry_json(entry: &Entry) -> Value {
    let wording = |wording: &Wording| json!({ "client": Client::name(wording.client), "text": wording.text });
    json!({
        "id": entry.id,
        "title": entry.title,
        "layer": entry.layer.name(),
        "role": entry.role.name(),
        "sqlstates": entry.codes,
        "wordings": entry.wordings.iter().map(wording).collect::<Vec<_>>(),
        "happened": entry.happened,
        "causes": entry.causes,
        "remedies": entry.remedies,
        "retry": entry.retry.name(),
        "steadfast": entry.steadfast,
        "related": entry.related,
    })
}

fn input() -> io::Result<String> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(INPUT_LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
