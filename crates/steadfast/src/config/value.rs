//! Texts to values and back. What is shown of a value is decided here: only short, plain words, so that a
//! secret in the wrong place stays one.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use crate::config::nearest::nearest;
use crate::config::options::LONGEST;
use crate::time::Duration;

/// A value, or what is wrong with the text in one clause. What would be accepted stands in the table.
pub(crate) type Parsed<T> = Result<T, String>;

/// The unit of a number that stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Seconds,
}

/// A value as an error may show it.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '+' | '.' | ',');
    if text.is_empty() {
        "an empty value".to_owned()
    } else if text.chars().count() <= 32 && text.chars().all(plain) {
        format!("`{text}`")
    } else {
        format!("this value of {} characters (not shown)", text.chars().count())
    }
}

/// A whole number within a range.
pub(crate) fn integer<T: TryFrom<u64>>(text: &str, accepted: RangeInclusive<u64>) -> Parsed<T> {
    let text = text.trim();
    let number: u64 =
        text.parse().map_err(|_not_a_number| format!("{} is not a whole number", quoted(text)))?;
    if !accepted.contains(&number) {
        return Err(format!("{number} is out of range"));
    }
    T::try_from(number).map_err(|_too_large| format!("{number} is out of range"))
}

/// `on` or `off`, and the other usual words for them.
pub(crate) fn boolean(text: &str) -> Parsed<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" | "t" | "y" => Ok(true),
        "off" | "false" | "no" | "0" | "f" | "n" => Ok(false),
        _ => Err(format!("{} is neither on nor off", quoted(text))),
    }
}

/// The word for a truth.
pub(crate) fn show_boolean(value: bool) -> String {
    if value { "on" } else { "off" }.to_owned()
}

/// One word of a list; a near miss is told.
pub(crate) fn choice<T: Copy>(text: &str, words: &[(&str, T)]) -> Parsed<T> {
    let text = text.trim();
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let meant = nearest(text, words.iter().map(|(word, _)| *word));
    Err(match meant.first() {
        Some(word) => format!("{} is not known (did you mean `{word}`?)", quoted(text)),
        None => format!("{} is not known", quoted(text)),
    })
}

/// The word for a value of the same list.
pub(crate) fn show_choice<T: PartialEq>(value: &T, words: &[(&str, T)]) -> String {
    words.iter().find(|(_, known)| known == value).map_or_else(String::new, |(word, _)| (*word).to_owned())
}

/// `250ms`, `30s`, `5m`, `1h`, `1d`, or a number in the given unit.
pub(crate) fn duration(text: &str, unit: Unit) -> Parsed<Duration> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let nanos_per_unit: u64 = match suffix.trim() {
        "" if unit == Unit::Milliseconds => 1_000_000,
        "" | "s" | "sec" => 1_000_000_000,
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return Err(format!("{} is not a duration", quoted(text))),
    };
    let refused = || format!("{} is not a duration", quoted(text));
    let too_long = || format!("{} is longer than a year", quoted(text));
    let value = if number.contains('.') {
        let number: f64 = number.parse().map_err(|_not_a_number| refused())?;
        let seconds = number * (nanos_per_unit as f64 / 1e9);
        Duration::try_from_secs_f64(seconds).map_err(|_too_large| too_long())?
    } else if number.is_empty() {
        return Err(refused());
    } else {
        // Only digits are left, so the one possible failure is that they are too many.
        let number: u64 = number.parse().map_err(|_too_large| too_long())?;
        Duration::from_nanos(number.checked_mul(nanos_per_unit).ok_or_else(too_long)?)
    };
    if value > LONGEST { Err(too_long()) } else { Ok(value) }
}

/// A duration above zero.
pub(crate) fn positive_duration(text: &str, unit: Unit) -> Parsed<Duration> {
    let value = duration(text, unit)?;
    if value.is_zero() {
        return Err(format!(
            "{} leaves no time at all, and waiting for ever is not offered",
            quoted(text.trim())
        ));
    }
    Ok(value)
}

/// A duration, or `off`, `none`, `never`, `0` for none.
pub(crate) fn optional_duration(text: &str, unit: Unit) -> Parsed<Option<Duration>> {
    match text.trim().to_ascii_lowercase().as_str() {
        "off" | "none" | "never" | "false" | "no" | "-1" => Ok(None),
        other => duration(other, unit).map(|value| (!value.is_zero()).then_some(value)),
    }
}

/// A duration in whole seconds within what the kernel keeps.
pub(crate) fn kernel_seconds(text: &str, longest: u64) -> Parsed<Duration> {
    let value = duration(text, Unit::Seconds)?;
    let text = quoted(text.trim());
    if value.is_zero() {
        return Err(format!("{text} asks for the system's own figure, which is two hours on Linux"));
    }
    if value.subsec_nanos() != 0 {
        return Err(format!("{text} is not in whole seconds, as the kernel counts them"));
    }
    if value.as_secs() > longest {
        return Err(format!("{text} is out of range"));
    }
    Ok(value)
}

/// The shortest text that [`duration`] reads as the same value.
pub(crate) fn show_duration(value: Duration) -> String {
    let nanos = value.as_nanos();
    match nanos {
        _ if nanos.is_multiple_of(1_000_000_000) => format!("{}s", nanos / 1_000_000_000),
        _ if nanos.is_multiple_of(1_000_000) => format!("{}ms", nanos / 1_000_000),
        _ if nanos.is_multiple_of(1_000) => format!("{}us", nanos / 1_000),
        _ => format!("{nanos}ns"),
    }
}

/// A duration or `off`.
pub(crate) fn show_optional_duration(value: Option<Duration>) -> String {
    value.map_or_else(|| "off".to_owned(), show_duration)
}

/// Text of one line, blanks around it removed, not empty.
pub(crate) fn line(text: &str) -> Parsed<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("it contains a line break or another control character".to_owned());
    }
    Ok(text.to_owned())
}

/// A name that is taken by the letter. Blanks at its ends are never meant: the server would look for another
/// one.
pub(crate) fn name(text: &str) -> Parsed<String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("it contains a line break or another control character".to_owned());
    }
    if text.trim().len() != text.len() {
        return Err("it begins or ends with a blank".to_owned());
    }
    Ok(text.to_owned())
}

/// A host name, an address (IPv6 also in brackets), or a socket directory.
pub(crate) fn host(text: &str) -> Parsed<String> {
    let text = line(text)?;
    if text.starts_with(['/', '@']) {
        return Ok(text);
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&text);
    if bare.contains(':') {
        // A zone (`fe80::1%eth0`) is no part of the address that can be checked.
        let address = bare.split('%').next().unwrap_or_default();
        return match address.parse::<IpAddr>() {
            Ok(_) => Ok(bare.to_owned()),
            Err(_) => Err("it contains a colon and is no IPv6 address".to_owned()),
        };
    }
    if bare.len() != text.len() {
        return Err("only an IPv6 address stands in brackets".to_owned());
    }
    if text.chars().any(|c| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))) {
        return Err("it contains a character that no host name has".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
