//! PostgreSQL's binary `numeric` as text, digit for digit.

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const NEGATIVE_INFINITY: u16 = 0xf000;

/// The text that the server itself would print. `None` when the bytes are no numeric.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let mut words = bytes.chunks_exact(2).map(|word| word.try_into().map(u16::from_be_bytes));
    let mut next = || words.next()?.ok();
    let count = usize::from(next()?);
    let weight = i32::from(next()?.cast_signed());
    let sign = next()?;
    let scale = usize::from(next()?);
    match sign {
        POSITIVE | NEGATIVE => {}
        NAN => return Some("NaN".to_owned()),
        INFINITY => return Some("Infinity".to_owned()),
        NEGATIVE_INFINITY => return Some("-Infinity".to_owned()),
        _ => return None,
    }
    let mut digits = Vec::with_capacity(count.min(bytes.len()));
    for _ in 0..count {
        digits.push(next().filter(|digit| *digit < 10_000)?);
    }
    // Each digit counts to 10000; the one at position 0 stands left of the point by `weight` places.
    let digit = |place: i32| {
        usize::try_from(weight - place).ok().and_then(|index| digits.get(index)).copied().unwrap_or(0)
    };
    let mut text = String::new();
    if sign == NEGATIVE {
        text.push('-');
    }
    text.push_str(&digit(weight.max(0)).to_string());
    for place in (0..weight.max(0)).rev() {
        text.push_str(&format!("{:04}", digit(place)));
    }
    if scale > 0 {
        let mut fraction = String::with_capacity(scale + 4);
        let mut place = -1;
        while fraction.len() < scale {
            fraction.push_str(&format!("{:04}", digit(place)));
            place -= 1;
        }
        fraction.truncate(scale);
        text.push('.');
        text.push_str(&fraction);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numeric(weight: i16, sign: u16, scale: u16, digits: &[u16]) -> Vec<u8> {
        let count = u16::try_from(digits.len()).unwrap();
        let head = [count, weight.cast_unsigned(), sign, scale];
        head.iter().chain(digits).flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn digits_are_kept_exactly() {
        for (bytes, expected) in [
            (numeric(0, 0, 0, &[]), "0"),
            (numeric(0, 0, 2, &[]), "0.00"),
            (numeric(0, 0, 1, &[1, 5000]), "1.5"),
            (numeric(0, NEGATIVE, 2, &[12, 3400]), "-12.34"),
            (numeric(1, 0, 0, &[1]), "10000"),
            (numeric(2, 0, 3, &[1, 2, 3, 4560]), "100020003.456"),
            (numeric(-1, 0, 4, &[1]), "0.0001"),
            (numeric(-2, 0, 8, &[12]), "0.00000012"),
            (numeric(0, NAN, 0, &[]), "NaN"),
            (numeric(0, NEGATIVE_INFINITY, 0, &[]), "-Infinity"),
        ] {
            assert_eq!(text(&bytes).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_no_numeric_is_refused() {
        assert_eq!(text(&[]), None);
        assert_eq!(text(&numeric(0, 0x1234, 0, &[1])), None);
        assert_eq!(text(&numeric(0, 0, 0, &[10_000])), None);
        assert_eq!(text(&numeric(0, 0, 0, &[1])[..8]), None, "fewer digits than announced");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            drop(text(&bytes));
        }
    }
}
