//! What was measured, kept in a file so that an interrupted probe goes on where it was.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::hold::{Held, Manner};
use crate::context::Context;

/// What was measured so far.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) held: Vec<Held>,
    file: Option<PathBuf>,
    /// The path that was measured; what another one does says nothing about it.
    target: String,
    /// Why nothing is kept.
    pub(super) trouble: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    target: String,
    held: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    idle_ms: u64,
    keepalives: bool,
    ended_after_ms: Option<u64>,
    manner: Option<String>,
}

impl State {
    pub(super) fn load(context: &Context) -> Self {
        let hosts = context.postgres().map(|options| &options.hosts);
        let target = hosts
            .into_iter()
            .flatten()
            .map(|(host, port)| format!("{host}:{port}"))
            .collect::<Vec<_>>()
            .join(",");
        let file = context.options.idle_state.clone();
        let mut state = Self { target, file, ..Self::default() };
        let Some(text) = state.file.as_ref().and_then(|file| fs::read_to_string(file).ok()) else {
            return state;
        };
        match serde_json::from_str::<Document>(&text) {
            Ok(document) if document.target == state.target => {
                state.held = document.held.iter().map(held).collect();
            }
            Ok(_) => {
                state.trouble = Some("the file is about another database and is written anew".to_owned())
            }
            Err(_) => state.trouble = Some("the file could not be read and is written anew".to_owned()),
        }
        state
    }

    /// Longer idleness that was outlived answers for shorter.
    pub(super) fn knows(&self, step: Duration, keepalives: bool) -> bool {
        let known = |held: &&Held| held.keepalives == keepalives;
        self.held.iter().filter(known).any(|held| match held.ended {
            None => held.step >= step,
            Some((after, _)) => after <= step,
        })
    }

    pub(super) fn add(&mut self, held: Held) {
        self.held.push(held);
        if let Err(why) = self.save() {
            self.trouble = Some(why);
        }
    }

    /// Written beside and renamed, so that there is never half a file.
    fn save(&self) -> Result<(), String> {
        let Some(file) = &self.file else { return Ok(()) };
        let document = Document { target: self.target.clone(), held: self.held.iter().map(entry).collect() };
        let text = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?;
        let beside = file.with_extension("part");
        let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, file));
        written.map_err(|error| format!("the state cannot be kept: {error}"))
    }
}

fn entry(held: &Held) -> Entry {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Entry {
        idle_ms: millis(held.step),
        keepalives: held.keepalives,
        ended_after_ms: held.ended.map(|(after, _)| millis(after)),
        manner: held.ended.map(|(_, manner)| manner.words().to_owned()),
    }
}

fn held(entry: &Entry) -> Held {
    let manner = entry.manner.as_deref().unwrap_or_default();
    let manner = Manner::ALL.into_iter().find(|known| known.words() == manner).unwrap_or(Manner::Words);
    Held {
        step: Duration::from_millis(entry.idle_ms),
        keepalives: entry.keepalives,
        ended: entry.ended_after_ms.map(|after| (Duration::from_millis(after), manner)),
    }
}
