//! Spans of time on the command line.

use std::time::Duration;

/// More than a day is a slip of the keyboard.
const LONGEST: Duration = Duration::from_secs(86_400);

const ACCEPTED: &str = "accepted are 1ms to 24h, such as 30s, 500ms, 2m or 1h; a bare number is seconds";

/// Reads `30s`, `500ms`, `2m`, `1h`; a bare number is seconds. For clap.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number: u64 = digits.parse().map_err(|_not_a_number| ACCEPTED.to_owned())?;
    let span = match text.strip_prefix(digits).unwrap_or_default().trim() {
        "ms" => Duration::from_millis(number),
        "" | "s" => Duration::from_secs(number),
        "m" | "min" => Duration::from_secs(number.saturating_mul(60)),
        "h" => Duration::from_secs(number.saturating_mul(3600)),
        _ => return Err(ACCEPTED.to_owned()),
    };
    if span.is_zero() || span > LONGEST { Err(ACCEPTED.to_owned()) } else { Ok(span) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units_and_bounds() {
        for (text, span) in
            [("30", 30_000), ("30s", 30_000), ("250ms", 250), ("2 min", 120_000), ("24h", 86_400_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(span)), "{text}");
        }
        for text in ["", "0", "-1", "1d", "soon", "25h", "1.5s", "99999999999999999999", "s"] {
            assert!(parse(text).unwrap_err().contains("accepted"), "{text}");
        }
    }
}
