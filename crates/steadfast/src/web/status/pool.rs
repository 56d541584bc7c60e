//! The pool as a person would draw it: who waits, the slots, the database.

use maud::{Markup, html};

use super::words::{count, seconds};
use crate::metrics::{Overview, SlotFigures, Snapshot};

/// One drawing for each worker.
pub(super) fn render(overview: &Overview) -> Markup {
    html! {
        h2 { "Pool" }
        @for worker in &overview.workers {
            @if overview.workers.len() > 1 { h3 { "Worker " (worker.worker) } }
            (drawing(worker))
        }
        p.legend {
            "Up to " b { (overview.workers.first().map_or(0, |worker| worker.pool.size)) }
            " connections are kept under load, "
            b { (overview.workers.first().map_or(0, |worker| worker.pool.max_overflow)) }
            " more are opened for a burst"
            @if overview.workers.len() > 1 { ", in each worker" }
            ". Generation " (overview.workers.first().map_or(0, |worker| worker.pool.generation)) "."
        }
    }
}

fn drawing(worker: &Snapshot) -> Markup {
    let pool = &worker.pool;
    let capacity = pool.size + pool.max_overflow;
    let away = pool.unreachable_for;
    html! {
        div.flow {
            div.queue data-busy=(pool.waiting > 0) {
                h4 { "Queue" }
                @if pool.waiting == 0 {
                    p { "nobody waits" }
                } @else {
                    p.people aria-hidden="true" {
                        @for _ in 0..pool.waiting.min(MOST_DRAWN_WAITERS) { span {} }
                    }
                    p { b { (count(pool.waiting, "caller", "callers")) } }
                    p.quiet { "the first for " (seconds(pool.longest_wait)) }
                }
            }
            (arrow(pool.waiting > 0, false))
            @if capacity <= MOST_DRAWN_SLOTS { (slots(worker)) } @else { (bars(worker)) }
            (arrow(pool.leased > 0, away.is_some()))
            div.database data-away=(away.is_some()) {
                h4 { "Database" }
                (barrel())
                p {
                    @match (away, pool.circuit.as_str()) {
                        (Some(away), _) => { b { "away" } " for " (seconds(away)) }
                        (None, "recovering") => { b { "back" } ", opening a few at a time" }
                        (None, _) if pool.leased + pool.idle > 0 => { b { "connected" } }
                        (None, _) => { "no connection needed" }
                    }
                }
            }
        }
    }
}

/// Every slot in its place: first those of the size, then the overflow.
fn slots(worker: &Snapshot) -> Markup {
    let (size, overflow) = (worker.pool.size, worker.pool.max_overflow);
    // What was there before the pool was made smaller is still drawn.
    let all = worker.slots.len().max(size + overflow);
    let vacant = SlotFigures::vacant();
    let slot = |index: usize| worker.slots.get(index).unwrap_or(&vacant);
    html! {
        div.slots {
            h4.unseen { "Connections" }
            ul.row aria-label="Kept under load" { @for index in 0..size { (cell(slot(index))) } }
            @if all > size {
                ul.row.overflow aria-label="Overflow, opened for a burst" {
                    @for index in size..all { (cell(slot(index))) }
                }
            }
        }
    }
}

fn cell(slot: &SlotFigures) -> Markup {
    let word = word(&slot.stage);
    html! {
        li data-stage=(slot.stage) data-suspect=(slot.suspect) {
            span.glyph aria-hidden="true" {}
            span.word { (word) }
            @if let Some(since) = slot.since.filter(|since| *since >= 1.0) {
                span.since { (seconds(since.floor())) }
            }
            @if slot.suspect { span.since { "suspect" } }
        }
    }
}

/// Too many to draw one by one: how many are in which state.
fn bars(worker: &Snapshot) -> Markup {
    let pool = &worker.pool;
    let capacity = pool.size + pool.max_overflow;
    let states = [
        ("leased", pool.leased),
        ("idle", pool.idle),
        ("opening", pool.opening),
        ("verifying", pool.verifying),
        ("cleaning", pool.cleaning),
    ];
    html! {
        div.slots {
            h4.unseen { "Connections" }
            dl.bars {
                @for (stage, many) in states {
                    dt { (word(stage)) }
                    dd {
                        meter min="0" max=(capacity) value=(many) { (many) }
                        span { (many) " of " (capacity) }
                    }
                }
            }
        }
    }
}

fn word(stage: &str) -> &'static str {
    match stage {
        "vacant" => "free",
        "opening" => "opening",
        "idle" => "idle",
        "verifying" => "asking",
        "leased" => "in use",
        "cleaning" => "cleaning",
        _ => "closing",
    }
}

fn arrow(busy: bool, broken: bool) -> Markup {
    html! {
        svg.arrow viewBox="0 0 40 24" width="40" height="24" aria-hidden="true" data-busy=(busy) data-broken=(broken) {
            @if broken {
                path d="M2 12h11M27 12h11M16 7l8 10M24 7l-8 10" {}
            } @else {
                path d="M2 12h34M29 6l7 6-7 6" {}
            }
        }
    }
}

fn barrel() -> Markup {
    html! {
        svg.barrel viewBox="0 0 48 52" width="48" height="52" aria-hidden="true" {
            path d="M4 10v32c0 4 9 7 20 7s20-3 20-7V10" {}
            ellipse cx="24" cy="10" rx="20" ry="7" {}
            path d="M4 26c0 4 9 7 20 7s20-3 20-7" {}
        }
    }
}

const MOST_DRAWN_SLOTS: usize = 60;
const MOST_DRAWN_WAITERS: usize = 12;
