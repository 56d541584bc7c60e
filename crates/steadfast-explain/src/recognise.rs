//! From a pasted text to entries.

use std::cmp::Reverse;

use crate::catalogue::entries;
use crate::client::Client;
use crate::entry::{Entry, Role, Wording};
use crate::index::{Hit, LETTERS, WORDS};
use crate::sqlstate::codes;
use crate::text::{normalise, without_blanks};

/// Of a longer text only this many bytes are read: the first half from its beginning, the second up to its end.
pub const TEXT_LIMIT: usize = 1 << 20;

/// The most entries that are named for one text.
const MOST: usize = 5;

/// Up to so many words are taken for an error even if they do not say that they are one.
const FEW_WORDS: usize = 4;

/// Before what Rust and Java print last, and first matters.
const CAUSED_BY: &str = "caused by";

/// What a text tells of.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Recognition {
    /// Entries, the best first: what names a cause before what tells only of an end, and among these what explains
    /// more of the text. Empty when nothing was recognised.
    pub matches: Vec<Match>,
}

/// An entry that a text tells of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Match {
    /// The entry.
    pub entry: &'static Entry,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it was found.
    pub evidence: Evidence,
}

/// How sure it is that a text tells of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Confidence {
    /// Several entries share the SQLSTATE in the text, and no wording told them apart.
    Possible,
    /// Only one entry has the SQLSTATE in the text, or a wording was found across broken words.
    Likely,
    /// The wording is there.
    Certain,
}

/// Why an entry was found. Nothing of it comes from the text itself, in which there may be secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// This wording stands in the text.
    Wording(&'static Wording),
    /// This SQLSTATE, or this class of SQLSTATEs, stands in the text.
    Code(&'static str),
}

impl Recognition {
    /// The entry that the text tells of first of all.
    #[must_use]
    pub fn best(&self) -> Option<&Match> {
        self.matches.first()
    }

    /// Whether anything was recognised.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.matches.is_empty()
    }
}

impl Confidence {
    /// One lower-case word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// Finds the entries that a text tells of: an error, a whole traceback, lines of a log. Takes time in
/// proportion to the text, of which it reads [`TEXT_LIMIT`] bytes.
#[must_use]
pub fn recognise(text: &str) -> Recognition {
    let text = clipped(text);
    let mut normal = normalise(&text);
    // A few words are not a log: somebody typed or copied an error's whole text.
    if normal.split(' ').count() <= FEW_WORDS {
        normal.insert_str(0, "error: ");
    }
    let last_cause = normal.rfind(CAUSED_BY).unwrap_or_default();
    let mut found = by_wording(&WORDS.search(&normal), last_cause, Confidence::Certain);
    let explained = found.iter().any(|found| found.entry.role >= Role::Cause);
    if !explained && text.trim().contains('\n') {
        found.extend(by_wording(&LETTERS.search(&without_blanks(&normal)), usize::MAX, Confidence::Likely));
    }
    found.extend(by_code(&text, &found));
    found.sort_by_key(|found| {
        let Found { confidence, is_ours, is_innermost, weight, at, .. } = *found;
        Reverse((found.entry.role, confidence, !is_ours, is_innermost, weight, Reverse(at)))
    });
    let mut matches: Vec<Match> = Vec::new();
    for Found { entry, confidence, evidence, .. } in found {
        if matches.len() < MOST && matches.iter().all(|earlier| earlier.entry.id != entry.id) {
            matches.push(Match { entry, confidence, evidence });
        }
    }
    Recognition { matches }
}

/// An entry with what decides its place.
#[derive(Debug)]
struct Found {
    entry: &'static Entry,
    confidence: Confidence,
    evidence: Evidence,
    /// steadfast's own words: behind those of the server, which it passes on and which are more particular.
    is_ours: bool,
    is_innermost: bool,
    weight: usize,
    at: usize,
}

fn by_wording(hits: &[Hit], last_cause: usize, confidence: Confidence) -> Vec<Found> {
    let is_part_of_another = |hit: &Hit| {
        hits.iter().any(|other| {
            other.entry.id != hit.entry.id
                && other.weight > hit.weight
                && other.span.start <= hit.span.start
                && hit.span.end <= other.span.end
        })
    };
    let hits = hits.iter().filter(|hit| !is_part_of_another(hit));
    hits.map(|hit| Found {
        entry: hit.entry,
        confidence,
        evidence: Evidence::Wording(hit.wording),
        is_ours: hit.wording.client == Client::Steadfast,
        is_innermost: last_cause > 0 && hit.span.start > last_cause,
        weight: hit.weight,
        at: hit.span.start,
    })
    .collect()
}

/// The entries of the codes in a text that no wording stands for.
fn by_code(text: &str, found: &[Found]) -> Vec<Found> {
    let mut more = Vec::new();
    for code in codes(text) {
        let exact: Vec<_> = with_code(code);
        let entries = if exact.is_empty() { with_code(code.get(..2).unwrap_or_default()) } else { exact };
        if entries.iter().any(|(entry, _)| found.iter().any(|found| found.entry.id == entry.id)) {
            continue;
        }
        let confidence = if entries.len() == 1 { Confidence::Likely } else { Confidence::Possible };
        more.extend(entries.into_iter().enumerate().map(|(at, (entry, code))| Found {
            entry,
            confidence,
            evidence: Evidence::Code(code),
            is_ours: false,
            is_innermost: false,
            weight: code.len(),
            at,
        }));
    }
    more
}

fn with_code(code: &str) -> Vec<(&'static Entry, &'static str)> {
    let code_of = |entry: &'static Entry| entry.codes.iter().find(|known| **known == code).copied();
    entries().iter().filter_map(|entry| Some((entry, code_of(entry)?))).collect()
}

/// A text of at most the limit: its beginning and its end.
fn clipped(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= TEXT_LIMIT {
        return text.into();
    }
    let half = TEXT_LIMIT / 2;
    let head = (0..=half).rev().find_map(|end| text.get(..end)).unwrap_or_default();
    let tail = (text.len() - half..text.len()).find_map(|start| text.get(start..)).unwrap_or_default();
    format!("{head}\n{tail}").into()
}
