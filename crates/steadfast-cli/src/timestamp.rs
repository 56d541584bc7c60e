//! Moments as text, to the microsecond.

use jiff::Timestamp;

/// Writes moments as they come. Those of one second differ in six digits only: the rest of the text is kept.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    second: Option<i64>,
    /// As far as the point: `2026-11-26T18:13:06.`
    text: String,
}

impl Clock {
    /// As RFC 3339 has it, in UTC.
    pub(crate) fn push(&mut self, at: Timestamp, out: &mut Vec<u8>) {
        let microseconds = at.as_microsecond();
        let second = microseconds.div_euclid(1_000_000);
        if self.second != Some(second) {
            self.text = format!("{at:.6}");
            self.text.truncate(self.text.len() - "000000Z".len());
            self.second = Some(second);
        }
        out.extend_from_slice(self.text.as_bytes());
        let mut rest = microseconds.rem_euclid(1_000_000);
        let mut digits = *b"000000Z";
        for digit in digits.iter_mut().rev().skip(1) {
            *digit += u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        out.extend_from_slice(&digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_moment_is_told_whatever_came_before_it() {
        let second = 1_795_716_786_000_000;
        let days = 86_400_000_000;
        let mut moments: Vec<Timestamp> = [
            [0, 1, 999_999].map(|part| second + part).as_slice(),
            // The next second, its end, one far away, and back.
            &[second + 1_000_000, second + 1_999_999, second + 2_000_000, second + 400 * days, second + 7],
            // Around 1970, where numbers change their sign.
            &[1, 0, -1, -999_999, -1_000_000, -1_000_001, -days],
        ]
        .concat()
        .into_iter()
        .map(|at| Timestamp::from_microsecond(at).unwrap())
        .collect();
        moments.extend([Timestamp::MAX, Timestamp::MIN, Timestamp::new(1_795_716_786, 123_456_789).unwrap()]);
        let mut clock = Clock::default();
        for at in moments {
            let mut out = b"at ".to_vec();
            clock.push(at, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("at {at:.6}"));
        }
    }
}
