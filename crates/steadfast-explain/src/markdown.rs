//! The catalogue as a part of a document.

use std::fmt::Write as _;

use crate::catalogue::entries;
use crate::client::Client;
use crate::entry::{Entry, Wording};
use crate::layer::Layer;

/// The whole catalogue as Markdown: a heading for each layer, below it one for each entry.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::new();
    for layer in Layer::ALL {
        let entries: Vec<&Entry> = entries().iter().filter(|entry| entry.layer == layer).collect();
        if entries.is_empty() {
            continue;
        }
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "### {}\n", layer.title());
        for entry in entries {
            write_entry(&mut text, entry);
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn write_entry(text: &mut String, entry: &Entry) {
    let codes =
        if entry.codes.is_empty() { String::new() } else { format!(" SQLSTATE {}.", entry.codes.join(", ")) };
    // The identifier is the heading, so that a link to it stays good when the title is reworded.
    let _infallible = writeln!(text, "#### {}\n\n**{}.**{codes} {}\n", entry.id, entry.title, entry.happened);
    let _infallible = writeln!(text, "{}\n", likely(entry.causes));
    for (number, remedy) in (1..).zip(entry.remedies) {
        let _infallible = writeln!(text, "{number}. {remedy}");
    }
    let retry = entry.retry.sentence();
    let _infallible = writeln!(text, "\n*Does trying again help?* {retry}");
    let _infallible = writeln!(text, "*What steadfast does:* {}\n", entry.steadfast);
    if !entry.related.is_empty() {
        let related: Vec<String> = entry.related.iter().map(|id| format!("[{id}](#{id})")).collect();
        let _infallible = writeln!(text, "See also {}.\n", related.join(", "));
    }
    text.push_str("<details><summary>Wordings</summary>\n\n");
    for (clients, wording) in by_wording(entry.wordings) {
        let _infallible = writeln!(text, "- {clients}: {}", code(wording));
    }
    text.push_str("\n</details>\n\n");
}

fn likely(causes: &[&str]) -> String {
    match causes {
        [] => String::new(),
        [only] => format!("Likely cause: {only}."),
        several => format!("Likely causes: {}.", several.join("; ")),
    }
}

/// Each wording once, with all clients that have it.
fn by_wording(wordings: &[Wording]) -> Vec<(String, &'static str)> {
    let mut rows: Vec<(Vec<Client>, &'static str)> = Vec::new();
    for wording in wordings {
        match rows.iter_mut().find(|(_, text)| *text == wording.text) {
            Some((clients, _)) => clients.push(wording.client),
            None => rows.push((vec![wording.client], wording.text)),
        }
    }
    let named =
        |clients: Vec<Client>| clients.iter().map(|client| client.name()).collect::<Vec<_>>().join(", ");
    rows.into_iter().map(|(clients, text)| (named(clients), text)).collect()
}

/// A wording as code, with an ellipsis in the place of what varies.
fn code(wording: &str) -> String {
    let text = wording.replace('*', "\u{2026}");
    let text = text.trim();
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}
