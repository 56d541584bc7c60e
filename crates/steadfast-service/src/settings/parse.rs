//! From text to a value, and back.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use steadfast::sql::Guard;
use steadfast::time::Duration;

use crate::settings::table::Parsed;

/// How a value is written for a human.
pub(super) trait Show {
    fn show(&self) -> String;
}

impl Show for Duration {
    fn show(&self) -> String {
        if self.subsec_millis() == 0 {
            format!("{}s", self.as_secs())
        } else {
            format!("{}ms", self.as_millis())
        }
    }
}

impl Show for Guard {
    fn show(&self) -> String {
        let name = match self {
            Self::Xid => "xid",
            Self::Marker => "marker",
            // Cannot be chosen.
            Self::Off | _ => "off",
        };
        name.to_owned()
    }
}

macro_rules! show_by_display {
    ($($type:ty),*) => {
        $(impl Show for $type {
            fn show(&self) -> String {
                self.to_string()
            }
        })*
    };
}

show_by_display!(u16, usize, IpAddr, SocketAddr);

/// An address to bind to. A host name is refused: which of its addresses would it be?
pub(super) fn host(text: &str) -> Parsed<IpAddr> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let accepted = "accepted are addresses such as 127.0.0.1, 0.0.0.0 or ::, and localhost";
    bare.parse().map_err(|_error| (format!("`{}` is not an IP address", excerpt(text)), accepted))
}

pub(super) fn port(text: &str) -> Parsed<u16> {
    text.parse().map_err(|_error| (format!("`{}` is not a port", excerpt(text)), "accepted are 0 to 65535"))
}

/// `127.0.0.1:8000`, `[::]:8000`, `localhost:8000`.
pub(super) fn listen(text: &str) -> Parsed<SocketAddr> {
    let accepted = "accepted are an address and a port, such as 127.0.0.1:8000, 0.0.0.0:8000 or [::]:8000";
    let refuse = || (format!("`{}` is not an address with a port", excerpt(text)), accepted);
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host_text, port_text) = text.rsplit_once(':').ok_or_else(refuse)?;
    // An IPv6 address needs its brackets, else its last group is taken for a port.
    if host_text.contains(':') {
        return Err(refuse());
    }
    let address = host(host_text).map_err(|_error| refuse())?;
    Ok(SocketAddr::new(address, port(port_text).map_err(|_error| refuse())?))
}

/// A span of time in which something can happen: `30s`, `500ms`, `2m`; a bare number is seconds.
pub(super) fn duration(text: &str) -> Parsed<Duration> {
    delay(text).and_then(|span| {
        if span.is_zero() { Err(("0 leaves no time for anything".to_owned(), SPANS)) } else { Ok(span) }
    })
}

/// A span of time that may be none.
pub(super) fn delay(text: &str) -> Parsed<Duration> {
    let span =
        read_span(text).ok_or_else(|| (format!("`{}` is not a span of time", excerpt(text)), SPANS))?;
    if span > MAX_SPAN { Err((format!("`{}` is more than a day", excerpt(text)), SPANS)) } else { Ok(span) }
}

/// How long something is kept.
pub(super) fn retention(text: &str) -> Parsed<Duration> {
    let accepted = "accepted are 1s to 30d, such as 90m, 24h or 7d; a bare number is seconds";
    let span =
        read_span(text).ok_or_else(|| (format!("`{}` is not a span of time", excerpt(text)), accepted))?;
    if span < Duration::from_secs(1) || span > MAX_SPAN * 30 {
        return Err((format!("`{}` is too short or too long", excerpt(text)), accepted));
    }
    Ok(span)
}

pub(super) fn guard(text: &str) -> Parsed<Guard> {
    match text.to_ascii_lowercase().as_str() {
        "xid" => Ok(Guard::Xid),
        "marker" => Ok(Guard::Marker),
        _ => Err((format!("`{}` is not a guard", excerpt(text)), "accepted are xid and marker")),
    }
}

fn read_span(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text.strip_prefix(digits).unwrap_or_default().trim();
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "ms" => Duration::from_millis(number),
        "" | "s" => Duration::from_secs(number),
        "m" | "min" => Duration::from_secs(number.saturating_mul(60)),
        "h" => Duration::from_secs(number.saturating_mul(3600)),
        "d" => Duration::from_secs(number.saturating_mul(86_400)),
        _ => return None,
    })
}

const SPANS: &str = "accepted are up to a day, such as 30s, 500ms, 2m or 1h; a bare number is seconds";

/// More than a day is a slip of the keyboard.
const MAX_SPAN: Duration = Duration::from_secs(86_400);

pub(super) fn bytes(text: &str) -> Parsed<usize> {
    between(text, 1, MAX_BYTES).ok_or_else(|| refusal(text, "accepted are 1 to 16777216 bytes"))
}

/// The HTTP parser works on no less than 8 KiB.
pub(super) fn head_bytes(text: &str) -> Parsed<usize> {
    between(text, 8192, MAX_BYTES).ok_or_else(|| refusal(text, "accepted are 8192 to 16777216 bytes"))
}

pub(super) fn count(text: &str) -> Parsed<usize> {
    between(text, 1, 1_000_000).ok_or_else(|| refusal(text, "accepted are 1 to 1000000"))
}

/// A number of workers; `auto` is one for each processor.
pub(super) fn workers(text: &str) -> Parsed<usize> {
    if text.eq_ignore_ascii_case("auto") {
        return Ok(std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    }
    between(text, 0, steadfast_supervisor::Options::MOST)
        .ok_or_else(|| refusal(text, "accepted are 0 to 512, or auto: one for each processor"))
}

const MAX_BYTES: usize = 16 * 1024 * 1024;

fn between(text: &str, low: usize, high: usize) -> Option<usize> {
    text.parse().ok().filter(|number| (low..=high).contains(number))
}

fn refusal(text: &str, accepted: &'static str) -> (String, &'static str) {
    (format!("`{}` is not such a number", excerpt(text)), accepted)
}

/// Enough of a value to recognise it by. None of these options holds a secret, but somebody may have put one
/// into the wrong variable: what looks like a URL is not shown.
fn excerpt(text: &str) -> String {
    if text.contains("://") || text.contains('@') {
        return "(hidden: it looks like a URL)".to_owned();
    }
    text.chars().filter(|c| !c.is_control()).take(32).collect()
}
