//! The name of one request, by which a user's report and the log find each other.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// Carries the name, in both directions.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer names than any tracing system hands out are refused, so that nobody can fill the log with one.
const MAX_LENGTH: usize = 64;

/// The name of one request: the caller's own, when it is a sane one, else a UUID that sorts by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// Takes the caller's name or makes one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| is_sane(id));
        let mut text = Uuid::encode_buffer();
        Self(Arc::from(given.unwrap_or_else(|| made().hyphenated().encode_lower(&mut text))))
    }

    /// The name as text: letters, digits, `.`, `_` and `-`, so that it is a valid relative URI as well.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as a header's value.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

/// A UUID of version 7. Where it has room for chance stand what this process drew once, and a number (RFC 9562, 6.2): asking
/// the system for chance on each request was one system call in five, and nobody must be unable to guess a name.
fn made() -> Uuid {
    static PROCESS: LazyLock<[u8; 16]> = LazyLock::new(|| Uuid::new_v4().into_bytes());
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let [a, b, c, d, e, f, ..] = *PROCESS;
    let [g, h, i, j] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let millis = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j]).into_uuid()
}

fn is_sane(id: &str) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(id: &'static str) -> RequestId {
        RequestId::of(&HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_static(id))]))
    }

    #[test]
    fn a_sane_name_is_kept() {
        for id in ["a", "7f3c-42", "req_01.A", "0190b3a4-7cde-7000-8000-000000000000"] {
            assert_eq!(given(id).as_str(), id);
        }
    }

    #[test]
    fn anything_else_is_replaced_by_a_uuid() {
        let long = "x".repeat(65).leak();
        for id in ["", "a b", "a;b", "..", "/etc", "a\"b", "<script>", "a:b", long] {
            let made = given(id);
            assert_ne!(made.as_str(), id);
            assert_eq!(made.as_str().parse::<Uuid>().unwrap().get_version_num(), 7, "{id:?}");
        }
    }

    #[test]
    fn no_two_names_are_alike() {
        let names: Vec<_> = (0..1000).map(|_| RequestId::of(&HeaderMap::new())).collect();
        let texts: std::collections::BTreeSet<_> = names.iter().map(RequestId::as_str).collect();
        assert_eq!(texts.len(), names.len());
        assert!(
            texts.into_iter().eq(names.iter().map(RequestId::as_str)),
            "in the order in which they were made"
        );
    }

    #[test]
    fn bytes_that_are_not_text_are_replaced() {
        let odd = HeaderValue::from_bytes(b"\xff\xfe").unwrap();
        let made = RequestId::of(&HeaderMap::from_iter([(X_REQUEST_ID, odd)]));
        assert!(made.as_str().parse::<Uuid>().is_ok());
    }
}
