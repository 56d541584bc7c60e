//! Lines that are not longer than a terminal is wide.

/// Breaks a text at blanks. Every line but the first is indented; `first` columns of the first are taken already.
pub(super) fn wrap(text: &str, width: usize, first: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut column = first;
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 {
            if column.saturating_add(1).saturating_add(length) > width && column > indent {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = indent;
            } else {
                out.push(' ');
                column = column.saturating_add(1);
            }
        }
        out.push_str(word);
        column = column.saturating_add(length);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn long_texts_are_broken_and_long_words_are_not() {
        assert_eq!(wrap("aa bb cc", 7, 2, 2), "aa bb\n  cc");
        assert_eq!(wrap("a-very-long-word b", 6, 0, 1), "a-very-long-word\n b");
        assert_eq!(wrap("", 6, 0, 1), "");
    }
}
