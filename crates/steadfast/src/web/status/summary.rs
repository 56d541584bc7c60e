//! The state at a glance, and the figures of the last minute.

use maud::{Markup, html};

use super::words::{clock, count, maybe, rate, seconds};
use crate::metrics::Overview;

/// The state at a glance. Its text says it all; colour and shape only repeat it.
pub(super) fn state(overview: &Overview) -> Markup {
    let (headline, more) = (headline(overview), more(overview));
    html! {
        div.state data-health=(overview.health) {
            (sign(&overview.health))
            div {
                h1 #headline { (headline) }
                p { (more) }
            }
            p.taken {
                "as of " time #taken datetime=(overview.taken) { (clock(overview.taken)) } " UTC"
            }
        }
    }
}

/// The health in words.
pub(super) fn word(health: &str) -> &'static str {
    match health {
        "pass" => "healthy",
        "warn" => "degraded",
        _ => "failing",
    }
}

fn headline(overview: &Overview) -> String {
    let away = overview.workers.iter().any(|worker| worker.pool.unreachable_for.is_some());
    match overview.health.as_str() {
        "pass" => "All is well".to_owned(),
        _ if away && overview.health == "fail" => "The database is away".to_owned(),
        "warn" => "Serving, but somebody should look".to_owned(),
        _ => "Not serving".to_owned(),
    }
}

fn more(overview: &Overview) -> String {
    let away: Vec<_> =
        overview.workers.iter().filter(|worker| worker.pool.unreachable_for.is_some()).collect();
    if let Some(longest) =
        away.iter().max_by(|a, b| a.pool.unreachable_for.total_cmp_to(b.pool.unreachable_for))
    {
        let tries: usize =
            away.iter().map(|worker| usize::try_from(worker.pool.failed_tries).unwrap_or(0)).sum();
        let waiting: usize = overview.workers.iter().map(|worker| worker.pool.waiting).sum();
        let wait = match waiting {
            0 => "nobody waits".to_owned(),
            _ => format!("{} in order", count(waiting, "caller waits", "callers wait")),
        };
        let cause = overview.incidents.first().filter(|incident| incident.story.ended.is_none());
        let cause = cause.map_or_else(String::new, |incident| format!("{}. ", incident.story.what));
        return format!(
            "{cause}Reconnecting for {}: {}, {wait}.",
            seconds(longest.pool.unreachable_for.unwrap_or_default()),
            count(tries, "try has failed", "tries have failed"),
        );
    }
    if overview.trouble.is_empty() {
        let last = overview.incidents.first().map(|incident| incident.story.began);
        return match last {
            Some(began) => {
                let ago = overview.taken.duration_since(began).unsigned_abs();
                format!("The last incident began {} ago.", super::words::span(ago))
            }
            None => "The database answers, connections are at hand, and there was no incident since the service began."
                .to_owned(),
        };
    }
    let mut text = overview.trouble.clone();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text + "."
}

/// Durations that may not be there, the absent ones least.
trait Compare {
    fn total_cmp_to(self, other: Self) -> std::cmp::Ordering;
}

impl Compare for Option<f64> {
    fn total_cmp_to(self, other: Self) -> std::cmp::Ordering {
        self.unwrap_or(-1.0).total_cmp(&other.unwrap_or(-1.0))
    }
}

/// A shape of its own for each state.
fn sign(health: &str) -> Markup {
    html! {
        svg.sign viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" {
            @match health {
                "pass" => {
                    circle cx="24" cy="24" r="21" {}
                    path d="M14 25l7 7 13-15" {}
                }
                "warn" => {
                    path.shape d="M24 4 46 43H2z" {}
                    path d="M24 18v12M24 35.5v1" {}
                }
                _ => {
                    rect x="4" y="4" width="40" height="40" rx="9" {}
                    path d="M16 16l16 16M32 16 16 32" {}
                }
            }
        }
    }
}

/// The figures of the last minute.
pub(super) fn figures(overview: &Overview) -> Markup {
    let last = overview.last_minute();
    let pools = overview.workers.iter().map(|worker| &worker.pool);
    let (leased, capacity) =
        pools.fold((0, 0), |(leased, all), pool| (leased + pool.leased, all + pool.size + pool.max_overflow));
    html! {
        h2.unseen { "The last minute" }
        dl.figures {
            (figure("Requests", &rate(last.requests), "a second", &failures(last.failures)))
            (figure("Queries", &maybe(last.work_p50), "half within",
                &format!("99 of 100 within {}", maybe(last.work_p99))))
            (figure("Wait for a connection", &maybe(last.acquire_p50), "half within",
                &format!("99 of 100 within {}", maybe(last.acquire_p99))))
            (figure("Connections in use", &leased.to_string(), &format!("of {capacity}"),
                &pool_word(overview)))
        }
    }
}

fn failures(share: f64) -> String {
    if share == 0.0 { "none failed".to_owned() } else { format!("{:.1} % failed", share * 100.0) }
}

fn pool_word(overview: &Overview) -> String {
    let waiting: usize = overview.workers.iter().map(|worker| worker.pool.waiting).sum();
    if waiting == 0 { "nobody waits".to_owned() } else { count(waiting, "caller waits", "callers wait") }
}

fn figure(name: &str, value: &str, unit: &str, more: &str) -> Markup {
    // "half within 0.3 ms", but "12 a second".
    let before = unit.starts_with("half");
    html! {
        div {
            dt { (name) }
            dd {
                @if before { span.unit { (unit) } }
                span.value { (value.trim_start_matches("under\u{a0}")) }
                @if !before { span.unit { (unit) } }
                span.more { (more) }
            }
        }
    }
}
