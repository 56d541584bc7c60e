//! What holds for every entry.
#![cfg(test)]

use std::collections::HashSet;

use steadfast_explain::{Layer, entries, entry, markdown, recognise};

#[test]
fn identifiers_are_kebab_case_and_unique() {
    let mut seen = HashSet::new();
    for entry in entries() {
        let id = entry.id;
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
        assert!(
            !id.starts_with('-') && !id.ends_with('-') && id.contains(|c| c != '-') && id.len() <= 40,
            "{id}"
        );
        assert!(seen.insert(id), "{id} is there twice");
        assert_eq!(steadfast_explain::entry(id).map(|found| found.title), Some(entry.title));
    }
    assert!(entry("no-such-entry").is_none());
}

#[test]
fn every_entry_tells_the_whole_story() {
    for entry in entries() {
        let id = entry.id;
        for text in [entry.title, entry.happened, entry.steadfast] {
            assert!(!text.is_empty() && text.trim() == text, "{id}: {text:?}");
        }
        assert!(!entry.title.ends_with('.'), "{id}: a title is no sentence");
        assert!(entry.happened.ends_with('.') && entry.steadfast.ends_with('.'), "{id}");
        assert!(!entry.causes.is_empty() && !entry.remedies.is_empty() && !entry.wordings.is_empty(), "{id}");
        for cause in entry.causes {
            assert!(!cause.ends_with('.') && !cause.is_empty(), "{id}: a cause is one of a list: {cause}");
        }
        for remedy in entry.remedies {
            assert!(remedy.ends_with(['.', ')', '`']), "{id}: a remedy is a sentence: {remedy}");
        }
        for code in entry.codes {
            assert!(matches!(code.len(), 2 | 5), "{id}: {code}");
        }
    }
}

#[test]
fn related_entries_exist_and_are_others() {
    for entry in entries() {
        for related in entry.related {
            assert!(steadfast_explain::entry(related).is_some(), "{}: {related} does not exist", entry.id);
            assert_ne!(*related, entry.id);
        }
        for text in [entry.happened, entry.steadfast].iter().chain(entry.causes).chain(entry.remedies) {
            for quoted in text.split('`').skip(1).step_by(2) {
                let looks_like_an_id = quoted.trim_start_matches('-').contains('-')
                    && quoted.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
                let is_known = steadfast_explain::entry(quoted).is_some()
                    || ["prefer-standby", "init-db"].contains(&quoted);
                assert!(!looks_like_an_id || is_known, "{}: `{quoted}` does not exist", entry.id);
            }
        }
    }
}

#[test]
fn entries_are_grouped_by_layer_in_order() {
    let layers: Vec<Layer> = entries().iter().map(|entry| entry.layer).collect();
    assert!(layers.is_sorted());
    let used: HashSet<Layer> = layers.into_iter().collect();
    assert_eq!(used.len(), Layer::ALL.len(), "no layer is empty");
}

/// A wording with its gaps filled is itself recognised. So no entry takes the words of another.
#[test]
fn every_wording_leads_to_its_own_entry_in_another_case_too() {
    for entry in entries() {
        for wording in entry.wordings {
            let pasted = wording.text.replace('*', "x7");
            for pasted in [pasted.clone(), pasted.to_uppercase(), format!("2026-01-01 [7] x: {pasted}")] {
                let best = recognise(&pasted).best().map(|best| best.entry.id);
                assert_eq!(best, Some(entry.id), "{pasted}");
            }
        }
    }
}

#[test]
fn the_document_has_every_entry_once() {
    let document = markdown();
    for entry in entries() {
        assert_eq!(document.matches(&format!("\n#### {}\n", entry.id)).count(), 1, "{}", entry.id);
    }
}
