//! All wordings of the catalogue, found in one pass over a text.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::catalogue::entries;
use crate::entry::{Entry, Wording};
use crate::pattern::Pattern;
use crate::text::without_blanks;

/// How often one wording's anchor is looked at more closely. A text that repeats a word for megabytes does not
/// become an error by its end.
const LOOKS: usize = 10_000;

/// How often all wordings together are.
const ALL_LOOKS: usize = 300_000;

/// Shorter wordings are not looked for in a text without blanks, where words have no ends.
const SHORTEST_WITHOUT_BLANKS: usize = 16;

/// Wordings ready for search.
pub(crate) struct Index {
    anchors: AhoCorasick,
    rows: Vec<Row>,
    whole_words: bool,
}

struct Row {
    entry: &'static Entry,
    wording: &'static Wording,
    pattern: Pattern,
}

/// A wording that stands in a text.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) entry: &'static Entry,
    pub(crate) wording: &'static Wording,
    pub(crate) span: Range<usize>,
    /// Characters that had to be there.
    pub(crate) weight: usize,
}

/// For texts as they are.
pub(crate) static WORDS: LazyLock<Index> = LazyLock::new(|| Index::new(str::to_owned, true, 0));

/// For texts whose lines were broken within words.
pub(crate) static LETTERS: LazyLock<Index> =
    LazyLock::new(|| Index::new(without_blanks, false, SHORTEST_WITHOUT_BLANKS));

impl Index {
    fn new(transform: fn(&str) -> String, whole_words: bool, shortest: usize) -> Self {
        let rows: Vec<Row> = entries()
            .iter()
            .flat_map(|entry| entry.wordings.iter().map(move |wording| (entry, wording)))
            .map(|(entry, wording)| Row { entry, wording, pattern: Pattern::new(wording.text, transform) })
            .filter(|row| row.pattern.weight >= shortest)
            .collect();
        let anchors = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(rows.iter().map(|row| row.pattern.anchor()));
        #[expect(clippy::panic, reason = "the wordings are compiled in, and each test would meet it")]
        let anchors = anchors.unwrap_or_else(|error| panic!("bug: too many wordings: {error}"));
        Self { anchors, rows, whole_words }
    }

    /// The wordings in a normalised text, each where it stands first.
    pub(crate) fn search(&self, text: &str) -> Vec<Hit> {
        let mut left = vec![LOOKS; self.rows.len()];
        let mut hits = Vec::new();
        let anchors = self.anchors.find_overlapping_iter(text).take(ALL_LOOKS);
        for anchor in anchors {
            let at = anchor.pattern().as_usize();
            let (Some(row), Some(left)) = (self.rows.get(at), left.get_mut(at)) else {
                continue;
            };
            if *left == 0 {
                continue;
            }
            *left -= 1;
            if let Some(span) = row.pattern.spread(text, anchor.range(), self.whole_words) {
                *left = 0;
                let weight = row.pattern.weight;
                hits.push(Hit { entry: row.entry, wording: row.wording, span, weight });
            }
        }
        hits
    }
}
