//! A wording as a pattern: literals with gaps between them.

use std::ops::Range;

use crate::text::normalise;

/// The most bytes that a `*` may stand for: a list of hosts fits in, another error of the same text does not.
const GAP: usize = 240;

/// A wording ready for comparison.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// What stands between the gaps, in order.
    literals: Vec<String>,
    /// The longest of them, which is looked for first.
    anchor: usize,
    /// Characters of all literals together: how much of the text it explains.
    pub(crate) weight: usize,
}

impl Pattern {
    /// Reads a wording. `transform` is applied to each literal after normalisation.
    pub(crate) fn new(wording: &str, transform: impl Fn(&str) -> String) -> Self {
        let literals: Vec<String> = wording
            .split('*')
            .map(|literal| transform(&normalise(literal)))
            .filter(|literal| !literal.is_empty())
            .collect();
        let anchor =
            (0..literals.len()).max_by_key(|at| literals.get(*at).map_or(0, String::len)).unwrap_or(0);
        let weight = literals.iter().map(|literal| literal.chars().count()).sum();
        Self { literals, anchor, weight }
    }

    /// What is looked for first.
    pub(crate) fn anchor(&self) -> &str {
        self.literals.get(self.anchor).map_or("", String::as_str)
    }

    /// The part of the text that the whole pattern covers, when its anchor is found here.
    pub(crate) fn spread(&self, text: &str, anchor: Range<usize>, whole_words: bool) -> Option<Range<usize>> {
        let mut start = anchor.start;
        for literal in self.literals.iter().take(self.anchor).rev() {
            let from = floor(text, start.saturating_sub(GAP + literal.len()));
            start = from + text.get(from..start)?.rfind(literal.as_str())?;
        }
        let mut end = anchor.end;
        for literal in self.literals.iter().skip(self.anchor + 1) {
            let to = floor(text, end.saturating_add(GAP + literal.len()).min(text.len()));
            end = end + text.get(end..to)?.find(literal.as_str())? + literal.len();
        }
        (!whole_words || is_bounded(text, start..end)).then_some(start..end)
    }
}

/// The nearest place at or before this one where a character begins.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

/// Whether no word is cut in two at either end.
fn is_bounded(text: &str, span: Range<usize>) -> bool {
    let joins = |left: Option<char>, right: Option<char>| {
        left.is_some_and(char::is_alphanumeric) && right.is_some_and(char::is_alphanumeric)
    };
    let (Some(before), Some(inside), Some(after)) =
        (text.get(..span.start), text.get(span.clone()), text.get(span.end..))
    else {
        return false;
    };
    !joins(before.chars().next_back(), inside.chars().next())
        && !joins(inside.chars().next_back(), after.chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(wording: &str, text: &str) -> bool {
        let pattern = Pattern::new(wording, str::to_owned);
        let text = normalise(text);
        let found = text.match_indices(pattern.anchor());
        let mut spans = found.filter_map(|(at, anchor)| pattern.spread(&text, at..at + anchor.len(), true));
        spans.next().is_some()
    }

    #[test]
    fn names_and_numbers_vary_and_words_do_not() {
        let wording = "password authentication failed for user \"*\" at *, port *: no";
        assert!(finds(wording, "x Password authentication failed for user 'é' at h, port 1: no"));
        assert!(!finds(wording, "password authentication failed for user 'é'"));
        assert!(!finds("refused", "unrefused"), "a part of a word is another word");
        assert!(finds("refused", "(refused)"));
        let far = "y".repeat(GAP + 10);
        assert!(!finds("a*z", &format!("a {far} z")));
        assert!(finds("größe * ö", "größe üüü ö"));
    }
}
