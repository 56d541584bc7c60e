//! Figures in words.

use jiff::Timestamp;

use crate::time::Duration;

/// A duration, short: `0.3 ms`, `12 ms`, `4.2 s`, `3 min`, `2 h`.
pub(super) fn span(duration: Duration) -> String {
    // Units stay with their figures at the end of a line.
    let seconds = duration.as_secs_f64();
    if seconds < 0.01 {
        format!("{:.1}\u{a0}ms", seconds * 1e3)
    } else if seconds < 1.0 {
        format!("{:.0}\u{a0}ms", seconds * 1e3)
    } else if seconds < 10.0 {
        format!("{seconds:.1}\u{a0}s")
    } else if seconds < 120.0 {
        format!("{seconds:.0}\u{a0}s")
    } else if seconds < 7200.0 {
        format!("{:.0}\u{a0}min", seconds / 60.0)
    } else if seconds < 172_800.0 {
        format!("{:.0}\u{a0}h", seconds / 3600.0)
    } else {
        format!("{:.0}\u{a0}days", seconds / 86_400.0)
    }
}

/// The same of seconds.
pub(super) fn seconds(seconds: f64) -> String {
    span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// The same of what may not be known.
pub(super) fn maybe(duration: Option<Duration>) -> String {
    match duration {
        None => "–".to_owned(),
        // As fine as the histograms are.
        Some(duration) if duration <= Duration::from_micros(100) => "under\u{a0}0.1\u{a0}ms".to_owned(),
        Some(duration) => span(duration),
    }
}

/// A rate, with as many digits as tell something.
pub(super) fn rate(rate: f64) -> String {
    if rate == 0.0 {
        "0".to_owned()
    } else if rate < 10.0 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    }
}

/// The time of day, in UTC.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// Day and time, in UTC.
pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A count with its noun.
pub(super) fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short_and_have_units() {
        let of = |micros| span(Duration::from_micros(micros));
        assert_eq!(
            [of(300), of(12_000), of(4_200_000), of(61_000_000)],
            ["0.3\u{a0}ms", "12\u{a0}ms", "4.2\u{a0}s", "61\u{a0}s"]
        );
        assert_eq!(
            [seconds(600.0), seconds(10_000.0), seconds(-1.0)],
            ["10\u{a0}min", "3\u{a0}h", "0.0\u{a0}ms"]
        );
    }
}
