//! The parts of the page. Each is sent anew when it changes, so each stands for itself.

use maud::{Markup, html};

use super::words::{count, date, seconds};
use super::{charts, incidents, pool, summary};
use crate::metrics::{Overview, Snapshot};

/// All of them, in the order of the page, by the name of their element.
pub(super) fn all(overview: &Overview, details: bool) -> Vec<(&'static str, Markup)> {
    let mut all = vec![
        ("state", summary::state(overview)),
        ("figures", summary::figures(overview)),
        ("pool", pool::render(overview)),
        ("charts", charts::render(overview)),
        ("incidents", incidents::render(overview)),
    ];
    if details {
        all.push(("advice", advice(overview)));
    }
    if details {
        all.push(("database", database(overview)));
    }
    all.push(("workers", workers(overview)));
    all
}

fn advice(overview: &Overview) -> Markup {
    html! {
        h2 { "Advice" }
        @if overview.advice.is_empty() {
            @if overview.points.len() < ENOUGH_POINTS {
                p.quiet { "None yet: advice needs a few minutes of traffic." }
            } @else {
                p.quiet { "None: nothing that was observed asks for other settings." }
            }
        } @else {
            dl.advice {
                @for advice in &overview.advice {
                    dt { (advice.topic.name()) }
                    dd { (advice.text) }
                }
            }
        }
    }
}

fn workers(overview: &Overview) -> Markup {
    html! {
        h2 { "Workers" }
        div.scroll tabindex="0" role="region" aria-label="Table of workers" {
            table {
                thead {
                    tr {
                        th scope="col" { "Worker" }
                        th scope="col" { "State" }
                        th scope="col" .number { "In use" }
                        th scope="col" .number { "Waiting" }
                        th scope="col" .number { "Requests" }
                        th scope="col" { "Began (UTC)" }
                    }
                }
                tbody {
                    @for worker in &overview.workers { (row(worker)) }
                }
            }
        }
    }
}

fn row(worker: &Snapshot) -> Markup {
    let capacity = worker.pool.size + worker.pool.max_overflow;
    html! {
        tr {
            th scope="row" {
                @if worker.worker == 0 { "the only one" } @else { (worker.worker) }
                @if worker.pid != 0 { " " span.quiet { "pid " (worker.pid) } }
            }
            td { span.pill data-health=(worker.health) { (summary::word(&worker.health)) } }
            td.number { (worker.pool.leased) " of " (capacity) }
            td.number { (worker.pool.waiting) }
            td.number { (worker.active_requests) }
            td { time datetime=(worker.started) { (date(worker.started)) } }
        }
    }
}

fn database(overview: &Overview) -> Markup {
    html! {
        h2 { "Database" }
        @if let Some(facts) = &overview.database {
            dl.facts {
                dt { "System" }
                dd {
                    @if facts.system == "postgresql" { "PostgreSQL" } @else { "SQLite" }
                    " " (facts.version.as_deref().unwrap_or("(not reached yet)"))
                }
                dt { "Last answer took" }
                dd { (facts.response_time.map_or_else(|| "–".to_owned(), seconds)) }
                @if let (Some(limit), Some(taken)) = (facts.connections_limit, facts.connections) {
                    dt { "Connections of everybody" }
                    dd { (taken) " of " (limit) }
                }
                @if let Some(rows) = facts.count {
                    dt { "Users" }
                    dd {
                        (count(usize::try_from(rows).unwrap_or_default(), "row", "rows"))
                        @if let Some(age) = facts.count_age.filter(|age| *age >= 60.0) {
                            span.quiet { ", counted " (seconds(age)) " ago" }
                        }
                    }
                }
            }
        } @else {
            p.quiet { "Nothing is known yet." }
        }
    }
}

/// A minute: less than that says nothing.
const ENOUGH_POINTS: usize = 12;
