//! Text that may be shown to anybody.
//!
//! Everything that a finding consists of is [`Shown`], and a `Shown` is made of pieces that cannot hold a password:
//! words of this program, numbers, addresses, times, and what `Secrets` has looked through.
//! There is no way from a `String` to it.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Text without a secret in it.
///
/// ```compile_fail
/// let password = String::from("hunter2");
/// let _ = steadfast_diagnose::Shown::from(password);
/// ```
///
/// ```compile_fail
/// let password = String::from("hunter2");
/// let _ = steadfast_diagnose::Shown::from(password.as_str());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Shown(Cow<'static, str>);

impl Shown {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For `Secrets` alone: text in which no secret was found.
    pub(crate) fn looked_through(text: String) -> Self {
        Self(Cow::Owned(text))
    }

    pub(crate) fn push(&mut self, piece: &impl Plain) {
        piece.write_to(self.0.to_mut());
    }

    /// Several with the same text between them.
    pub(crate) fn join(pieces: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let mut joined = Self::default();
        for (index, piece) in pieces.into_iter().enumerate() {
            if index > 0 {
                joined.push(&between);
            }
            joined.push(&piece);
        }
        joined
    }
}

impl From<&'static str> for Shown {
    fn from(words: &'static str) -> Self {
        Self(Cow::Borrowed(words))
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What cannot hold a password. A text does only when it is part of the program.
pub(crate) trait Plain {
    fn write_to(&self, text: &mut String);
}

macro_rules! plain {
    ($($type:ty),*) => {
        $(impl Plain for $type {
            fn write_to(&self, text: &mut String) {
                // Writing to a String cannot fail.
                let _infallible = fmt::Write::write_fmt(text, format_args!("{self}"));
            }
        })*
    };
}

plain!(&'static str, Shown, u8, u16, u32, u64, usize, i32, i64, IpAddr, SocketAddr, jiff::Timestamp);

impl Plain for Duration {
    fn write_to(&self, text: &mut String) {
        text.push_str(&in_words(*self));
    }
}

/// A duration with as many digits as anybody wants to read.
pub(crate) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let millis = seconds * 1e3;
    if millis < 0.01 && !duration.is_zero() {
        "under 0.01 ms".to_owned()
    } else if millis < 0.995 {
        format!("{millis:.2} ms")
    } else if millis < 9.95 {
        format!("{millis:.1} ms")
    } else if millis < 999.5 {
        format!("{millis:.0} ms")
    } else if seconds < 9.95 && duration.subsec_millis() != 0 {
        format!("{seconds:.1} s")
    } else if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else if seconds < 7200.0 {
        format!("{:.0} min", seconds / 60.0)
    } else if seconds < 172_800.0 {
        format!("{:.0} h", seconds / 3600.0)
    } else {
        format!("{:.0} days", seconds / 86_400.0)
    }
}

/// Puts pieces together: words, numbers, addresses, times, other [`Shown`]s.
macro_rules! shown {
    ($($piece:expr),+ $(,)?) => {{
        let mut text = $crate::shown::Shown::default();
        $(text.push(&$piece);)+
        text
    }};
}
pub(crate) use shown;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_digits_that_matter() {
        for (micros, words) in [
            (80, "0.08 ms"),
            (1_234, "1.2 ms"),
            (45_600, "46 ms"),
            (1_500_000, "1.5 s"),
            (30_000_000, "30 s"),
            (300_000_000, "5 min"),
            (86_400_000_000, "24 h"),
            (864_000_000_000, "10 days"),
        ] {
            assert_eq!(in_words(Duration::from_micros(micros)), words);
        }
    }

    #[test]
    fn pieces_become_one_text() {
        let address: SocketAddr = "[::1]:5432".parse().unwrap();
        assert_eq!(shown!(3_usize, " of ", address).as_str(), "3 of [::1]:5432");
    }
}
