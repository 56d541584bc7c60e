//! What keeps an open page live: once a second the parts of it that have changed.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::response::sse::{Event, Sse};
use futures_util::stream::{Stream, unfold};
use tokio::sync::OwnedSemaphorePermit;

use super::routes::StatusPage;
use super::{document, sections};
use crate::time::{Duration, sleep};

/// One viewer.
struct Viewer {
    page: StatusPage,
    details: bool,
    /// What it was sent last, by section.
    sent: BTreeMap<&'static str, String>,
    /// It was told that the service ends.
    over: bool,
    _seat: OwnedSemaphorePermit,
}

/// Sections as they change, for as long as the viewer stays and the service does not end.
pub(super) fn events(
    page: StatusPage,
    details: bool,
    seat: OwnedSemaphorePermit,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let viewer = Viewer { page, details, sent: BTreeMap::new(), over: false, _seat: seat };
    Sse::new(unfold(viewer, |mut viewer| async move {
        if viewer.over {
            return None;
        }
        if !viewer.sent.is_empty() {
            sleep(EVERY).await;
        }
        let event = viewer.next();
        Some((Ok(event), viewer))
    }))
}

impl Viewer {
    fn next(&mut self) -> Event {
        // Asked anew each time: what ends a service must not wait for its viewers.
        self.over = self.page.board.monitor().peek().draining;
        let Some(overview) = self.page.overview(self.details) else {
            return Event::default().comment("nothing");
        };
        let mut changed = serde_json::Map::new();
        for (name, html) in sections::all(&overview, self.details) {
            let html = html.into_string();
            if self.sent.get(name) != Some(&html) {
                changed.insert(name.to_owned(), html.clone().into());
                self.sent.insert(name, html);
            }
        }
        let told = serde_json::json!({ "build": document::BUILD, "sections": changed });
        Event::default().retry(RETRY).data(told.to_string())
    }
}

const EVERY: Duration = Duration::from_secs(1);
/// How long a browser waits before it connects anew.
const RETRY: Duration = Duration::from_secs(1);
