//! "Did you mean": entries near to an unknown identifier, and near to a text that was not recognised.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::catalogue::entries;
use crate::entry::Entry;
use crate::text::normalise;

/// Longer identifiers are cut before they are compared: the comparison is quadratic.
const LONGEST_ID: usize = 64;

/// How many words of a text are looked at.
const MOST_WORDS: usize = 2000;

/// The most entries that are offered.
const MOST: usize = 3;

/// The entries whose identifiers are a slip of the pen away from this one, or share a word with it; nearest
/// first, at most three.
#[must_use]
pub fn nearest(id: &str) -> Vec<&'static Entry> {
    let id: String =
        id.trim().chars().take(LONGEST_ID).collect::<String>().to_lowercase().replace(['_', ' '], "-");
    if id.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(usize, &'static Entry)> = entries()
        .iter()
        .filter_map(|entry| {
            let distance = strsim::damerau_levenshtein(&id, entry.id);
            // A third of the letters may be wrong, else everything short is near to everything.
            let is_slip = distance * 3 <= id.chars().count();
            let shares =
                id.split('-').any(|word| word.len() > 3 && entry.id.split('-').any(|own| own == word));
            (is_slip || shares).then_some((distance, entry))
        })
        .collect();
    found.sort_by_key(|(distance, _)| *distance);
    found.into_iter().take(MOST).map(|(_, entry)| entry).collect()
}

/// The entries that have most words in common with this text, the rare ones counting more; at most three.
#[must_use]
pub fn nearest_to_text(text: &str) -> Vec<&'static Entry> {
    let words: HashSet<String> = words(text).take(MOST_WORDS).collect();
    let mut scores: HashMap<usize, f64> = HashMap::new();
    for word in &words {
        let Some(holders) = VOCABULARY.get(word) else { continue };
        for at in holders {
            // A word that stands in half of the entries says nothing, one that stands in one says most.
            *scores.entry(*at).or_default() += rarity(holders.len());
        }
    }
    let mut found: Vec<(usize, f64)> = scores.into_iter().filter(|(_, score)| *score >= LEAST).collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    found.into_iter().take(MOST).filter_map(|(at, _)| entries().get(at)).collect()
}

/// The least that two texts must have in common: about two rare words.
const LEAST: f64 = 5.0;

#[expect(clippy::cast_precision_loss, reason = "there are some hundred entries")]
fn rarity(holders: usize) -> f64 {
    (entries().len() as f64 / holders as f64).ln()
}

/// The words of titles, identifiers and wordings, with the places of the entries that have them.
static VOCABULARY: LazyLock<HashMap<String, Vec<usize>>> = LazyLock::new(|| {
    let mut vocabulary: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, entry) in entries().iter().enumerate() {
        let wordings = entry.wordings.iter().map(|wording| wording.text);
        let texts = [entry.id, entry.title].into_iter().chain(wordings).chain(entry.codes.iter().copied());
        let own: HashSet<String> = texts.flat_map(words).collect();
        for word in own {
            vocabulary.entry(word).or_default().push(at);
        }
    }
    vocabulary
});

fn words(text: &str) -> impl Iterator<Item = String> {
    let normal = normalise(&text.chars().take(1 << 16).collect::<String>());
    let words: Vec<String> = normal
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.len() > 2 && !COMMON.contains(word))
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

/// Words that stand in every kind of text.
const COMMON: &[&str] = &[
    "the", "and", "for", "not", "that", "this", "with", "was", "has", "have", "are", "but", "from", "you",
    "error", "failed", "does", "cannot", "could", "can", "null", "none", "true", "false", "file", "line",
];

#[cfg(test)]
mod tests;
