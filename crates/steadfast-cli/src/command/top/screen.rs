//! What is known, as lines of text.

use std::fmt::Write as _;

use steadfast::metrics::{LastMinute, Overview, Point, SharedIncident, Snapshot, quantile};
use steadfast::time::Duration;

use super::paint::{Meaning, Paint};

/// Everything, in lines that are not wider than this.
pub(super) fn draw(overview: &Overview, details: bool, paint: Paint, width: usize) -> String {
    let mut lines = Vec::new();
    lines.push(state(overview, paint));
    lines.push(String::new());
    lines.extend(figures(overview, paint));
    lines.push(String::new());
    overview.workers.iter().for_each(|worker| lines.extend(pool(worker, overview.workers.len() > 1, paint)));
    lines.push(String::new());
    lines.push(paint.of(Meaning::Title, "Incidents"));
    if overview.incidents.is_empty() {
        lines.push("  none since the service began".to_owned());
    }
    overview
        .incidents
        .iter()
        .take(MOST_TOLD)
        .for_each(|incident| lines.extend(told(incident, overview, paint)));
    if details {
        lines.push(String::new());
        lines.push(paint.of(Meaning::Title, "Advice"));
        lines.extend(
            overview.advice.iter().map(|advice| format!("  {}: {}", advice.topic.name(), advice.text)),
        );
        if overview.advice.is_empty() {
            lines.push("  none".to_owned());
        }
        lines.push(String::new());
        lines.extend(database(overview));
    }
    lines.iter().fold(String::new(), |mut text, line| {
        text.push_str(&cut(line, width));
        text.push('\n');
        text
    })
}

/// What stands above what is known while the service does not answer.
pub(super) fn stale(error: &str, is_known: bool, paint: Paint) -> String {
    let rest = if is_known { "; what follows is stale" } else { "" };
    format!("{}\n", paint.of(Meaning::Bad, format!("{error}{rest}")))
}

fn state(overview: &Overview, paint: Paint) -> String {
    let (sign, word, meaning) = match overview.health.as_str() {
        "pass" => ("✓", "healthy", Meaning::Good),
        "warn" => ("!", "degraded", Meaning::Doubtful),
        _ => ("✗", "failing", Meaning::Bad),
    };
    let trouble = if overview.trouble.is_empty() { String::new() } else { format!(": {}", overview.trouble) };
    let at = overview.taken.strftime("%H:%M:%S UTC");
    format!("{} {}", paint.of(meaning, format!("{sign} {word}{trouble}")), paint.of(Meaning::Quiet, at))
}

fn figures(overview: &Overview, paint: Paint) -> Vec<String> {
    let LastMinute { requests, failures, acquire_p50, acquire_p99, work_p50, work_p99, .. } =
        overview.last_minute();
    let line = |name: &str, values: String, spark: String| {
        format!("  {name:<10} {values:<34} {}", paint.of(Meaning::InUse, spark))
    };
    let latency = |half, most| format!("half {}, 99 of 100 {}", span(half), span(most));
    let of = |counts: fn(&Point) -> &Vec<u32>| {
        sparks(overview, |point| {
            quantile(counts(point), 0.99).map_or(0.0, |time| (time.as_secs_f64() * 1e4).log10().max(0.05))
        })
    };
    vec![
        paint.of(Meaning::Title, "The last minute                                 and the minutes before it"),
        line(
            "requests",
            format!("{requests:.1}/s, {:.1} % failed", failures * 100.0),
            sparks(overview, Point::request_rate),
        ),
        line("queries", latency(work_p50, work_p99), of(|point| &point.work)),
        line("waits", latency(acquire_p50, acquire_p99), of(|point| &point.acquire)),
    ]
}

/// A bar for each half minute.
fn sparks(overview: &Overview, value: impl Fn(&Point) -> f64) -> String {
    let mut bars: std::collections::BTreeMap<i64, f64> = std::collections::BTreeMap::new();
    for point in &overview.points {
        let bar = bars.entry(point.at.div_euclid(30)).or_default();
        *bar = bar.max(value(point));
    }
    let most = bars.values().copied().fold(0.0, f64::max);
    let bar = |value: f64| {
        let steps = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
        let reached = |step: usize| value * 8.0 > most * f64::from(u32::try_from(step).unwrap_or(0));
        if most > 0.0 && value > 0.0 {
            steps.iter().enumerate().rev().find(|(step, _)| reached(*step)).map_or("▁", |(_, bar)| bar)
        } else {
            " "
        }
    };
    bars.values().map(|value| bar(*value)).collect()
}

fn pool(worker: &Snapshot, several: bool, paint: Paint) -> Vec<String> {
    let pool = &worker.pool;
    let capacity = pool.size + pool.max_overflow;
    let name = if several { format!("Pool of worker {}", worker.worker) } else { "Pool".to_owned() };
    let glyph = |index: usize| {
        let (glyph, meaning) = match worker.slots.get(index).map(|slot| slot.stage.as_str()) {
            Some("leased") => ("●", Meaning::InUse),
            Some("idle") => ("○", Meaning::Good),
            Some("opening") => ("◌", Meaning::Doubtful),
            Some("verifying") => ("◆", Meaning::Doubtful),
            Some("cleaning" | "closing") => ("◇", Meaning::Quiet),
            Some(_) | None => ("·", Meaning::Quiet),
        };
        paint.of(meaning, glyph)
    };
    let row = |from: usize, to: usize| (from..to).map(glyph).collect::<Vec<_>>().join(" ");
    let all = worker.slots.len().max(capacity);
    let queue = match pool.waiting {
        0 => "nobody waits".to_owned(),
        1 => format!("1 caller waits, for {}", seconds(pool.longest_wait)),
        many => format!("{many} callers wait, the first for {}", seconds(pool.longest_wait)),
    };
    let reach = match pool.unreachable_for {
        Some(away) => {
            let text = format!("away for {}, {} tries failed", seconds(away), pool.failed_tries);
            paint.of(Meaning::Bad, text)
        }
        None => "reachable".to_owned(),
    };
    vec![
        paint.of(Meaning::Title, name),
        format!("  {queue}  →  [ {} | {} ]  →  database {reach}", row(0, pool.size), row(pool.size, all)),
        paint.of(
            Meaning::Quiet,
            format!(
                "  ● in use {}   ○ idle {}   ◌ opening {}   ◆ asking {}   ◇ cleaning {}   · free   of {capacity}",
                pool.leased, pool.idle, pool.opening, pool.verifying, pool.cleaning
            ),
        ),
    ]
}

fn told(incident: &SharedIncident, overview: &Overview, paint: Paint) -> Vec<String> {
    let story = &incident.story;
    let lasted = story.ended.unwrap_or(overview.taken).duration_since(story.began).unsigned_abs();
    let (state, meaning) = match (story.ended, story.outage) {
        (None, _) => (format!("lasts, {} so far", span(Some(lasted))), Meaning::Bad),
        (Some(_), true) => (format!("outage of {}", span(Some(lasted))), Meaning::Doubtful),
        (Some(_), false) => ("absorbed".to_owned(), Meaning::Good),
    };
    let began = story.began.strftime("%Y-%m-%d %H:%M:%S");
    let mut lines = vec![format!("  {began}  {}  {}", paint.of(meaning, state), story.what)];
    lines.extend(story.cause.iter().map(|cause| format!("      {cause}")));
    for (worker, done) in &incident.met {
        let who = if *worker == 0 { String::new() } else { format!("worker {worker}: ") };
        lines.push(paint.of(Meaning::Quiet, format!("      {who}{done}")));
    }
    lines
}

fn database(overview: &Overview) -> Vec<String> {
    let Some(facts) = &overview.database else { return Vec::new() };
    let mut line = format!("  {} {}", facts.system, facts.version.as_deref().unwrap_or("(not reached yet)"));
    // Writing to a String cannot fail.
    if let Some(time) = facts.response_time {
        let _infallible = write!(line, ", answers in {}", seconds(time));
    }
    if let (Some(taken), Some(limit)) = (facts.connections, facts.connections_limit) {
        let _infallible = write!(line, ", {taken} of {limit} connections taken by everybody");
    }
    vec!["Database".to_owned(), line]
}

fn seconds(seconds: f64) -> String {
    span(Some(Duration::try_from_secs_f64(seconds).unwrap_or_default()))
}

fn span(duration: Option<Duration>) -> String {
    let Some(duration) = duration else { return "–".to_owned() };
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.1} s") }
}

/// No more than so many signs of a line, those that only colour it not counted.
fn cut(line: &str, width: usize) -> String {
    let (mut seen, mut in_escape, mut cut) = (0, false, String::new());
    for sign in line.chars() {
        if sign == '\x1b' {
            in_escape = true;
        } else if in_escape {
            in_escape = sign != 'm';
        } else {
            seen += 1;
            if seen > width {
                continue;
            }
        }
        cut.push(sign);
    }
    cut
}

const MOST_TOLD: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_without_losing_the_end_of_its_colour() {
        let painted = Paint::new(true).of(Meaning::Bad, "abcdef");
        assert_eq!(cut(&painted, 3), "\x1b[1;31mabc\x1b[0m");
        assert_eq!(cut("äöü", 2), "äö");
    }
}
