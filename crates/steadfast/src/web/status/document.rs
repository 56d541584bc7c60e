//! The page around the sections.

use maud::{DOCTYPE, Markup, html};

use super::sections;
use crate::metrics::Overview;

/// Changes with everything that an open page would have to load anew for.
pub(super) const BUILD: &str = env!("CARGO_PKG_VERSION");

/// The whole page, complete without its script.
pub(super) fn render(overview: &Overview, details: bool) -> Markup {
    let title = match overview.health.as_str() {
        "pass" => "steadfast: all is well",
        "warn" => "steadfast: needs a look",
        _ => "steadfast: not serving",
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="icon" href="/status/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href={ "/status/page.css?" (BUILD) };
                script src={ "/status/page.js?" (BUILD) } defer {}
                // Without its script the page loads itself anew.
                noscript { meta http-equiv="refresh" content="5"; }
            }
            body data-build=(BUILD) {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    p.brand { (mark()) "steadfast" }
                    p #link .link data-link="still" {
                        span.dot aria-hidden="true" {}
                        span #link-text { "Updates by itself every 5 s" }
                    }
                }
                p #announcer .unseen role="status" {}
                div #stale .stale hidden {
                    strong { "This page is stale. " }
                    "The service does not answer; what you see is from " span #stale-since {} " UTC. Trying again every second."
                }
                main #main {
                    @for (name, markup) in sections::all(overview, details) {
                        section id=(name) { (markup) }
                    }
                }
                footer {
                    nav aria-label="More" {
                        a href="/api/v1/health" { "Health" } " "
                        a href="/metrics" { "Metrics" } " "
                        a href="/openapi.json" { "API description" } " "
                        a href="/status.json" { "This page as JSON" }
                    }
                    @if details {
                        p { "You see all details: you ask from this machine, or brought the token." }
                    } @else {
                        p { "Causes, advice and facts about the database are shown to this machine and to whoever brings the token." }
                    }
                }
            }
        }
    }
}

/// The mark: a link of a chain that holds.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" {
            rect x="2" y="7" width="13" height="10" rx="5" fill="none" stroke="currentColor" stroke-width="2.5" {}
            rect x="9" y="7" width="13" height="10" rx="5" fill="none" stroke="currentColor" stroke-width="2.5" {}
        }
    }
}
