//! The charts of the last fifteen minutes.

use maud::{Markup, html};

use super::chart::{Band, Chart, Line, Scale, render as draw};
use super::words::{maybe, rate};
use crate::metrics::{Overview, Point, quantile};

/// The charts, and the same as a table.
pub(super) fn render(overview: &Overview) -> Markup {
    let bands = bands(overview);
    let now = overview.taken.as_second();
    let minutes = shown(now - overview.points.first().map_or(now, |first| first.at));
    let latency = |counts: fn(&Point) -> &Vec<u32>, share: f64| -> Vec<(i64, Option<f64>)> {
        let points = overview.points.iter();
        points
            .map(|point| (point.at, quantile(counts(point), share).map(|time| time.as_secs_f64())))
            .collect()
    };
    let last = overview.last_minute();
    let of = |id, title, summary: String, lines, scale| {
        draw(&Chart { id, title, summary, lines, bands: &bands, now, minutes, scale })
    };
    let latencies = |counts: fn(&Point) -> &Vec<u32>| {
        vec![
            Line { name: "99 of 100", kind: "high", values: latency(counts, 0.99) },
            Line { name: "half", kind: "main", values: latency(counts, 0.5) },
        ]
    };
    let rates =
        |of: fn(&Point) -> f64| overview.points.iter().map(|point| (point.at, Some(of(point)))).collect();
    html! {
        h2 { "The last " (minutes) " minutes" }
        div.charts {
            (of("chart-acquire", "Wait for a connection",
                format!("In the last minute half of all callers waited up to {}, 99 of 100 up to {}.",
                    maybe(last.acquire_p50), maybe(last.acquire_p99)),
                latencies(|point| &point.acquire), Scale::Seconds))
            (of("chart-work", "Query time",
                format!("In the last minute half of all queries took up to {}, 99 of 100 up to {}.",
                    maybe(last.work_p50), maybe(last.work_p99)),
                latencies(|point| &point.work), Scale::Seconds))
            (of("chart-requests", "Requests a second",
                format!("In the last minute {} a second, {:.1} % of them failed.", rate(last.requests), last.failures * 100.0),
                vec![
                    Line { name: "all", kind: "main", values: rates(Point::request_rate) },
                    Line { name: "failed", kind: "failed", values: rates(Point::failure_rate) },
                ], Scale::Rate))
        }
        details #chart-table {
            summary #chart-table-summary { "The same as a table" }
            div.scroll tabindex="0" role="region" aria-label="Table of the last minutes" { (table(overview)) }
        }
    }
}

/// How many minutes are drawn: of a service that has only just begun, fewer.
fn shown(known_seconds: i64) -> u32 {
    match known_seconds {
        ..=180 => 3,
        181..=360 => 6,
        _ => 15,
    }
}

/// When something was wrong, shaded in every chart.
fn bands(overview: &Overview) -> Vec<Band> {
    let now = overview.taken.as_second();
    let incidents = overview.incidents.iter();
    incidents
        .map(|incident| Band {
            from: incident.story.began.as_second(),
            to: incident.story.ended.map_or(now, |ended| ended.as_second()),
        })
        .collect()
}

/// A row a minute.
fn table(overview: &Overview) -> Markup {
    let mut minutes: std::collections::BTreeMap<i64, Vec<&Point>> = std::collections::BTreeMap::new();
    for point in &overview.points {
        minutes.entry(point.at.div_euclid(60)).or_default().push(point);
    }
    let p99 = |points: &[&Point], counts: fn(&Point) -> &Vec<u32>| {
        let longest = points.iter().filter_map(|point| quantile(counts(point), 0.99)).max();
        maybe(longest)
    };
    html! {
        table {
            thead {
                tr {
                    th scope="col" { "Minute (UTC)" }
                    th scope="col" .number { "Requests" }
                    th scope="col" .number { "Failed" }
                    th scope="col" .number { "Wait, 99 of 100" }
                    th scope="col" .number { "Query, 99 of 100" }
                }
            }
            tbody {
                @for (minute, points) in minutes.iter().rev() {
                    tr {
                        th scope="row" { (minute_text(*minute)) }
                        td.number { (points.iter().map(|point| point.requests).sum::<u32>()) }
                        td.number { (points.iter().map(|point| point.failures).sum::<u32>()) }
                        td.number { (p99(points, |point| &point.acquire)) }
                        td.number { (p99(points, |point| &point.work)) }
                    }
                }
            }
        }
    }
}

fn minute_text(minute: i64) -> String {
    jiff::Timestamp::from_second(minute * 60)
        .map_or_else(|_| String::new(), |at| at.strftime("%H:%M").to_string())
}
