//! One chart, drawn as SVG.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::words::seconds;

/// What is drawn.
pub(super) struct Chart<'a> {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// The same in a sentence, for whoever does not see it.
    pub(super) summary: String,
    pub(super) lines: Vec<Line>,
    pub(super) bands: &'a [Band],
    /// The right edge, in seconds since 1970.
    pub(super) now: i64,
    /// How many minutes are shown.
    pub(super) minutes: u32,
    pub(super) scale: Scale,
}

/// A line. Where a value is missing it has a gap.
pub(super) struct Line {
    pub(super) name: &'static str,
    /// Decides how it is drawn, beyond colour.
    pub(super) kind: &'static str,
    pub(super) values: Vec<(i64, Option<f64>)>,
}

/// A time in which something was wrong.
pub(super) struct Band {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// What the upright axis shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Durations: each step up is ten times as long.
    Seconds,
    /// Numbers each second, from zero.
    Rate,
}

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 160.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 22.0;
/// Five steps: more than that without a value is a gap.
const GAP: i64 = 12;

pub(super) fn render(chart: &Chart<'_>) -> Markup {
    let axis = Axis::of(chart);
    let (title_id, summary_id) = (format!("{}-title", chart.id), format!("{}-summary", chart.id));
    html! {
        figure.chart {
            figcaption {
                span id=(title_id) .title { (chart.title) }
                span.keys aria-hidden="true" {
                    @for line in &chart.lines { span.key data-kind=(line.kind) { (key()) (line.name) } }
                }
            }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby=(title_id) aria-describedby=(summary_id) {
                (bands(chart))
                @for tick in &axis.ticks {
                    line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(round(axis.y(*tick))) y2=(round(axis.y(*tick))) {}
                    text.label x=(LEFT - 6.0) y=(round(axis.y(*tick) + 4.0)) text-anchor="end" { (axis.text(*tick)) }
                }
                @for minutes in [chart.minutes, chart.minutes * 2 / 3, chart.minutes / 3, 0] {
                    text.label x=(round(chart.x(f64::from(minutes) * 60.0))) y=(HEIGHT - 5.0)
                        text-anchor=(if minutes == 0 { "end" } else if minutes == chart.minutes { "start" } else { "middle" }) {
                        @if minutes == 0 { "now" } @else { "−" (minutes) " min" }
                    }
                }
                @for line in &chart.lines { path.line data-kind=(line.kind) d=(path(line, chart, &axis)) {} }
            }
            p id=(summary_id) .summary { (chart.summary) }
        }
    }
}

/// What a line looks like, beside its name.
fn key() -> Markup {
    html! { svg width="22" height="8" viewBox="0 0 22 8" { path.line d="M1 4h20" {} } }
}

fn bands(chart: &Chart<'_>) -> Markup {
    let bands = chart.bands.iter().filter_map(|band| {
        let (from, to) = (ago(chart.now, band.from).min(chart.span()), ago(chart.now, band.to).max(0.0));
        // Short ones are drawn as wide as can be seen.
        (to < chart.span()).then(|| (chart.x(from), (chart.x(to) - chart.x(from)).max(2.0)))
    });
    html! {
        @for (x, width) in bands {
            rect.band x=(round(x)) y=(TOP) width=(round(width)) height=(HEIGHT - TOP - BOTTOM) {}
        }
    }
}

fn path(line: &Line, chart: &Chart<'_>, axis: &Axis) -> String {
    let mut path = String::new();
    let mut last: Option<i64> = None;
    for (at, value) in &line.values {
        let Some(value) = value else { continue };
        let seconds_ago = ago(chart.now, *at);
        if seconds_ago > chart.span() {
            continue;
        }
        let (x, y) = (chart.x(seconds_ago.max(0.0)), axis.y(*value));
        let joined = last.is_some_and(|last| at - last <= GAP);
        // A point by itself is drawn as a dot: a line of no length with round ends.
        let _infallible = if joined {
            write!(path, "L{} {}", round(x), round(y))
        } else {
            write!(path, "M{} {}h0", round(x), round(y))
        };
        last = Some(*at);
    }
    path
}

/// The upright axis.
struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    ticks: Vec<f64>,
}

impl Axis {
    fn of(chart: &Chart<'_>) -> Self {
        let values = chart.lines.iter().flat_map(|line| &line.values).filter_map(|(_, value)| *value);
        let largest = values.fold(0.0_f64, f64::max);
        match chart.scale {
            Scale::Seconds => {
                let decades = [0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0];
                let high = decades.into_iter().find(|decade| *decade >= largest).unwrap_or(100.0).max(0.01);
                let ticks = decades.into_iter().filter(|decade| *decade <= high).collect();
                Self { scale: chart.scale, low: 0.0001, high, ticks }
            }
            Scale::Rate => {
                let steps = [1.0, 2.0, 5.0].into_iter();
                let nice = (0..9).flat_map(|power| steps.clone().map(move |step| step * 10_f64.powi(power)));
                let high = nice.into_iter().find(|nice| *nice >= largest).unwrap_or(largest);
                Self { scale: chart.scale, low: 0.0, high, ticks: vec![0.0, high / 2.0, high] }
            }
        }
    }

    fn y(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Seconds => {
                (value.max(self.low).log10() - self.low.log10()) / (self.high.log10() - self.low.log10())
            }
            Scale::Rate => value / self.high,
        };
        TOP + (1.0 - share.clamp(0.0, 1.0)) * (HEIGHT - TOP - BOTTOM)
    }

    fn text(&self, value: f64) -> String {
        match self.scale {
            Scale::Seconds if value < 0.001 => format!("{:.1} ms", value * 1e3),
            Scale::Seconds if value < 1.0 => format!("{:.0} ms", value * 1e3),
            Scale::Seconds => seconds(value).replace(".0", ""),
            Scale::Rate => format!("{value}"),
        }
    }
}

impl Chart<'_> {
    fn span(&self) -> f64 {
        f64::from(self.minutes) * 60.0
    }

    fn x(&self, seconds_ago: f64) -> f64 {
        LEFT + (1.0 - seconds_ago / self.span()) * (WIDTH - LEFT - RIGHT)
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a quarter of an hour")]
fn ago(now: i64, at: i64) -> f64 {
    (now - at) as f64
}

/// A tenth of a pixel is as fine as anybody sees.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: Vec<(i64, Option<f64>)>, scale: Scale) -> String {
        let lines = vec![Line { name: "a", kind: "main", values }];
        let bands = [Band { from: 100, to: 160 }];
        render(&Chart {
            id: "c",
            title: "T",
            summary: "S".to_owned(),
            lines,
            bands: &bands,
            now: 1000,
            minutes: 15,
            scale,
        })
        .into_string()
    }

    #[test]
    fn a_gap_in_the_values_is_a_gap_in_the_line() {
        let drawn = chart(
            vec![(900, Some(0.001)), (905, Some(0.002)), (950, Some(0.001)), (955, None)],
            Scale::Seconds,
        );
        let path = drawn.split("data-kind=\"main\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
    }

    #[test]
    fn no_value_draws_nothing_and_breaks_nothing() {
        for scale in [Scale::Seconds, Scale::Rate] {
            let drawn = chart(Vec::new(), scale);
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }
    }

    #[test]
    fn all_values_stay_inside() {
        let drawn = chart(vec![(100, Some(1e9)), (999, Some(0.0))], Scale::Seconds);
        let path = drawn.split("data-kind=\"main\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        let numbers = path.split(|c: char| !(c.is_ascii_digit() || c == '.')).filter(|text| !text.is_empty());
        assert!(numbers.map(|text| text.parse::<f64>().unwrap()).all(|number| number <= WIDTH), "{path}");
    }
}
