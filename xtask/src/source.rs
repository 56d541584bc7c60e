//! A Rust file with everything removed that could be mistaken for code.
//!
//! This is no parser. It knows comments, literals and the extent of items marked for tests, which is enough
//! for rules about names and lines, and it is a hundred lines instead of a syntax tree.

/// A Rust file. All views have the same length and the same lines as the file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    /// The file as it is.
    pub(crate) text: String,
    /// Without comments and without the content of literals.
    pub(crate) code: String,
    /// As `code`, without what is compiled for tests only.
    pub(crate) product: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = without_comments_and_literals(text);
        let product =
            if is_test_file(path) { blank(&code, 0, code.len()) } else { without_test_items(&code) };
        Self { path: path.to_owned(), text: text.to_owned(), code, product }
    }

    /// Lines that are not part of an item for tests.
    pub(crate) fn product_lines(&self) -> usize {
        if is_test_file(&self.path) { 0 } else { self.text.lines().count() - self.test_lines() }
    }

    /// Lines of items for tests, where they stand in a file of the product.
    pub(crate) fn test_lines(&self) -> usize {
        let pairs = self.code.lines().zip(self.product.lines());
        // Blank lines and comments inside such an item are blank in both views, so it is extents that count.
        let mut count = 0;
        let mut pending = 0;
        for (code, product) in pairs {
            if code != product {
                count += pending + 1;
                pending = 0;
            } else if code.trim().is_empty() && count > 0 {
                pending += 1;
            } else {
                pending = 0;
            }
        }
        count
    }
}

/// Counted from 1.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// Whether a whole file is for tests.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.split('/')
        .any(|part| part == "tests" || part == "benches" || part == "examples" || part == "tests.rs")
}

/// Where `word` stands in `code` as a whole word.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let bytes = code.as_bytes();
        let before = at.checked_sub(1).and_then(|before| bytes.get(before).copied());
        !is_part(before) && !is_part(bytes.get(at + word.len()).copied())
    })
}

fn without_comments_and_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        let (inside, end) = match byte {
            b'/' if rest.starts_with("//") => (at, at + rest.find('\n').unwrap_or(rest.len())),
            b'/' if rest.starts_with("/*") => (at, end_of_block_comment(bytes, at)),
            b'"' => (at + 1, end_of_string(bytes, at + 1)),
            b'r' if is_raw_string(bytes, at) => {
                let hashes = rest.bytes().skip(1).take_while(|b| *b == b'#').count();
                let close = format!("\"{}", "#".repeat(hashes));
                let from = at + 2 + hashes;
                let length = text.get(from..).and_then(|tail| tail.find(&close));
                (from, length.map_or(bytes.len(), |length| from + length + close.len()))
            }
            b'\'' => match end_of_char(rest) {
                Some(length) => (at + 1, at + length),
                None => (at, at),
            },
            _ => (at, at),
        };
        for byte in out.get_mut(inside..end).into_iter().flatten().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
        at = end.max(at + 1);
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    // Literals and comments end where characters end, so this stays text.
    String::from_utf8_lossy(&out).into_owned()
}

fn end_of_block_comment(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_usize);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") if depth == 1 => return at + 2,
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') | None => return (at + 1).min(bytes.len()),
            Some(_) => at += 1,
        }
    }
}

fn is_raw_string(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    let starts_word = before.is_none_or(|b| !(b.is_ascii_alphanumeric() || *b == b'_') || *b == b'b');
    let after = bytes.iter().skip(at + 1).find(|b| **b != b'#');
    starts_word && after == Some(&b'"')
}

/// The length of a character literal; `None` for a lifetime.
fn end_of_char(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        // What follows the backslash may itself be a quote.
        chars.next();
        return chars.find(|(_, c)| *c == '\'').map(|(at, _)| at + 1);
    }
    chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 1)
}

fn without_test_items(code: &str) -> String {
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(found) = out.get(from..).and_then(|rest| rest.find("#[cfg(")) {
        let start = from + found;
        let Some(end) = end_of_bracket(&out, start + 1, '[', ']') else {
            break;
        };
        let condition = out.get(start..end).unwrap_or_default();
        let for_tests = words(condition, "test").next().is_some() && words(condition, "not").next().is_none();
        from = end;
        if for_tests {
            let item_end = end_of_item(&out, end);
            out = blank(&out, start, item_end);
        }
    }
    out
}

/// The end of the item that begins behind an attribute.
fn end_of_item(code: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(rest) = code.get(at..) {
        match rest.find([';', '{', '[', '(']) {
            None => return code.len(),
            Some(found) => match rest.as_bytes().get(found) {
                Some(b';') => return at + found + 1,
                Some(b'{') => return end_of_bracket(code, at + found, '{', '}').unwrap_or(code.len()),
                Some(b'[') => at = end_of_bracket(code, at + found, '[', ']').unwrap_or(code.len()),
                _ => at = end_of_bracket(code, at + found, '(', ')').unwrap_or(code.len()),
            },
        }
    }
    code.len()
}

/// The place behind the bracket that closes the one at `from`.
fn end_of_bracket(code: &str, from: usize, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in code.get(from..)?.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(from + at + 1);
            }
        }
    }
    None
}

/// The text with spaces between two places; lines and length stay as they are.
fn blank(text: &str, from: usize, to: usize) -> String {
    let (Some(before), Some(inside), Some(after)) = (text.get(..from), text.get(from..to), text.get(to..))
    else {
        return text.to_owned();
    };
    let spaces: String = inside.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
    [before, &spaces, after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_no_code() {
        let text =
            "a // todo!\nb /* c /* d */ e */ f \"g \\\" h\" i r#\"j \" k\"# 'l' '\\'' &'m str b\"n\" 'ö' end";
        let code = Source::new("src/x.rs", text).code;
        assert_eq!(code.len(), text.len());
        for word in ["a", "b", "f", "i", "m", "end"] {
            assert!(words(&code, word).next().is_some(), "{word} in {code}");
        }
        for word in ["todo", "c", "d", "e", "g", "h", "j", "k", "l", "n"] {
            assert!(words(&code, word).next().is_none(), "{word} in {code}");
        }
    }

    #[test]
    fn items_for_tests_are_no_product() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    // c\n\n    fn b() {}\n}\n#[cfg(not(test))]\nfn d() {}\n";
        let source = Source::new("src/x.rs", text);
        assert!(source.product.contains("fn a") && source.product.contains("fn d"));
        assert!(!source.product.contains("fn b"));
        assert_eq!((source.test_lines(), source.product_lines()), (6, 3));
    }

    #[test]
    fn an_attribute_or_an_array_does_not_end_an_item_early() {
        let text = "#[cfg(test)]\n#[derive(Debug)]\npub(crate) struct A([u8; 2]);\nstruct B;\n";
        let product = Source::new("src/x.rs", text).product;
        assert_eq!(product.trim(), "struct B;");
    }

    #[test]
    fn files_for_tests_are_known_by_their_place() {
        assert!(is_test_file("crates/a/tests/x.rs") && is_test_file("crates/a/src/b/tests.rs"));
        assert!(!is_test_file("crates/steadfast-test/src/lib.rs"));
    }
}
