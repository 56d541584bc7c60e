//! The timeline of incidents: what happened, for how long, what was done.

use maud::{Markup, html};

use super::words::{date, span};
use crate::metrics::{Overview, SharedIncident};

/// The last incidents, the last one first.
pub(super) fn render(overview: &Overview) -> Markup {
    html! {
        h2 { "Incidents" }
        @if overview.incidents.is_empty() {
            p.quiet { "None since the service began." }
        } @else {
            ol.timeline {
                @for incident in overview.incidents.iter().take(MOST_TOLD) { (entry(incident, overview)) }
            }
            @if overview.incidents.len() > MOST_TOLD {
                p.quiet { "and " (overview.incidents.len() - MOST_TOLD) " older ones" }
            }
        }
    }
}

fn entry(incident: &SharedIncident, overview: &Overview) -> Markup {
    let story = &incident.story;
    let lasted = story.ended.unwrap_or(overview.taken).duration_since(story.began).unsigned_abs();
    let state = match (story.ended, story.outage) {
        (None, _) => "lasts",
        (Some(_), true) => "outage",
        (Some(_), false) => "loss",
    };
    html! {
        li data-state=(state) {
            p.when {
                time datetime=(story.began) { (date(story.began)) } " UTC "
                @match (story.ended, story.outage) {
                    (None, _) => span.pill data-health="fail" { "lasts, " (span(lasted)) " so far" },
                    (Some(_), true) => span.pill data-health="warn" { "outage of " (span(lasted)) },
                    (Some(_), false) => span.pill data-health="pass" { "absorbed" },
                }
            }
            p.what { (story.what) "." }
            @if let Some(cause) = &story.cause { p.cause { (cause) } }
            @if let Some(remedy) = &story.remedy { p.cause { b { "What to do: " } (remedy) "." } }
            @for (worker, done) in &incident.met {
                p.done { @if *worker != 0 { "Worker " (worker) ": " } (done) }
            }
        }
    }
}

const MOST_TOLD: usize = 8;
