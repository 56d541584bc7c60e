//! "Did you mean": the known names nearest to an unknown one.

/// Up to three known names that are a slip of the pen away from this one, nearest first.
pub(crate) fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let text: String =
        text.chars().take(LONGEST_NAME).collect::<String>().to_ascii_lowercase().replace('-', "_");
    let mut found: Vec<(usize, &str)> = known
        .filter_map(|name| {
            let plain = name.to_ascii_lowercase().replace('-', "_");
            let distance = strsim::damerau_levenshtein(&text, &plain);
            // A third of the letters may be wrong, else everything short is near to everything.
            (distance * 3 <= plain.chars().count().max(3)).then_some((distance, name))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Names longer than this are cut before they are compared: the comparison is quadratic.
const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word_and_noise_finds_nothing() {
        let words = ["disable", "prefer", "require", "verify-full"];
        assert_eq!(nearest("requird", words.into_iter()), ["require"]);
        assert_eq!(nearest("verify_full", words.into_iter()), ["verify-full"]);
        assert_eq!(nearest("REQUIRE", words.into_iter()), ["require"]);
        assert!(nearest("bananas", words.into_iter()).is_empty());
        assert!(nearest("", words.into_iter()).is_empty());
    }
}
