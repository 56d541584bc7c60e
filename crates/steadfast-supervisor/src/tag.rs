//! Names of workers that no two workers ever share.

/// PostgreSQL keeps this much of an `application_name` (`NAMEDATALEN` - 1).
const ROOM: usize = 63;

/// The name of one master among all that ever were: 40 random bits.
pub(crate) fn master_name() -> String {
    std::iter::repeat_with(|| fastrand::alphanumeric().to_ascii_lowercase()).take(8).collect()
}

/// `steadfast/w2.k3j9x0ab.17`: the second worker of this master, its seventeenth process.
///
/// Servers replace what is not printable ASCII, by more bytes than it had; so it is replaced here, and the end, which
/// makes the tag unique, is never what is cut.
pub(crate) fn tag(name: &str, number: usize, master: &str, incarnation: u64) -> String {
    let end = format!("/w{number}.{master}.{incarnation}");
    let printable = name.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' });
    let mut text: String = printable.take(ROOM.saturating_sub(end.len())).collect();
    text.push_str(&end);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_fits_and_keeps_its_end() {
        assert_eq!(tag("steadfast", 2, "k3j9x0ab", 17), "steadfast/w2.k3j9x0ab.17");
        let long = tag(&"bücher ".repeat(20), 512, "k3j9x0ab", u64::MAX);
        assert_eq!(long.len(), ROOM);
        assert!(long.is_ascii() && long.starts_with("b?cher "), "{long}");
        assert!(long.ends_with(&format!("/w512.k3j9x0ab.{}", u64::MAX)), "{long}");
    }

    #[test]
    fn masters_differ() {
        let (one, other) = (master_name(), master_name());
        assert_eq!(one.len(), 8);
        assert_ne!(one, other);
    }
}
