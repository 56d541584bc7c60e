//! Which part of the list is asked for.

use crate::problem::{FieldError, Problem, ProblemKind};

/// Which part of the list is asked for: users with an id beyond `after`, at most `limit` of them. Pages by key
/// cost the same at the end of a long list as at its start, and neither skip nor repeat a user when others
/// come and go in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) after: i64,
    pub(crate) limit: u32,
}

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

impl Default for Page {
    fn default() -> Self {
        Self { after: 0, limit: DEFAULT_LIMIT }
    }
}

impl Page {
    /// Reads the parameters of an address, and names everything that is wrong with them. An unknown one is
    /// refused: `?page=2` would otherwise give the first page without a word.
    pub(crate) fn of(parameters: &[(String, String)]) -> Result<Self, Problem> {
        let mut page = Self::default();
        let mut errors: Vec<FieldError> = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in parameters {
            let result = if seen.contains(&name.as_str()) {
                Err(("repeated", "is given more than once"))
            } else {
                seen.push(name);
                page.set(name, value)
            };
            let named = errors.iter().any(|error| error.field == *name);
            if let (Err((code, detail)), false) = (result, named) {
                errors.push(FieldError::new(name, code, detail));
            }
        }
        if errors.is_empty() {
            return Ok(page);
        }
        errors.truncate(MAX_ERRORS);
        let detail = "The list cannot be paged like this.";
        Err(Problem::new(ProblemKind::InvalidParameter, detail).with_errors(errors))
    }

    /// The address of the page after one that ends with this id.
    pub(crate) fn next(self, last: i64) -> String {
        format!("/api/v1/users?after={last}&limit={}", self.limit)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), (&'static str, &'static str)> {
        match name {
            "after" => {
                let after = number(value).filter(|after| *after >= 0);
                self.after = after.ok_or(("invalid", "must be an id, or 0 for the start"))?;
            }
            "limit" => {
                let limit = number(value).and_then(|limit| u32::try_from(limit).ok());
                let limit = limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
                self.limit = limit.ok_or(("invalid", "must be a number from 1 to 100"))?;
            }
            _ => return Err(("unknown", "is not a parameter of this list; after and limit are")),
        }
        Ok(())
    }
}

/// Most entries that one answer names.
const MAX_ERRORS: usize = 20;

/// Reads decimal digits and nothing else: `i64::from_str` would accept `+5` as well.
pub(crate) fn number(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(parameters: &[(&str, &str)]) -> Result<Page, Vec<(String, &'static str)>> {
        let owned: Vec<_> = parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Page::of(&owned).map_err(|problem| {
            assert_eq!(problem.kind(), ProblemKind::InvalidParameter);
            problem.errors().iter().map(|error| (error.field.clone(), error.code)).collect()
        })
    }

    #[test]
    fn pages_are_read_with_their_defaults() {
        assert_eq!(page(&[]), Ok(Page { after: 0, limit: 20 }));
        assert_eq!(page(&[("after", "0"), ("limit", "1")]), Ok(Page { after: 0, limit: 1 }));
        let last = i64::MAX.to_string();
        assert_eq!(page(&[("limit", "100"), ("after", &last)]), Ok(Page { after: i64::MAX, limit: 100 }));
    }

    #[test]
    fn odd_numbers_are_refused_by_name() {
        for value in
            ["", " ", "-1", "+1", "1.0", "1e3", "0x10", "abc", "٣", "9223372036854775808", "1;2", "\0"]
        {
            assert_eq!(page(&[("after", value)]), Err(vec![("after".into(), "invalid")]), "{value:?}");
        }
        for value in ["", "0", "101", "-1", "+5", "99999999999999999999", "20 "] {
            assert_eq!(page(&[("limit", value)]), Err(vec![("limit".into(), "invalid")]), "{value:?}");
        }
    }

    #[test]
    fn everything_wrong_is_named_once() {
        let wrong =
            [("page", "2"), ("limit", "0"), ("limit", "5"), ("after", "1"), ("after", "2"), ("page", "3")];
        let expected = [("page", "unknown"), ("limit", "invalid"), ("after", "repeated")];
        assert_eq!(page(&wrong), Err(expected.map(|(name, code)| (name.to_owned(), code)).to_vec()));
    }

    #[test]
    fn the_next_page_begins_after_the_last_user() {
        assert_eq!(Page { after: 3, limit: 7 }.next(12), "/api/v1/users?after=12&limit=7");
    }
}
