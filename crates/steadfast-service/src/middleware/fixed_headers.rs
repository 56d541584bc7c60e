//! Headers that every answer carries.

use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue};

/// Tells browsers and caches to do nothing clever with answers that are meant for programs. A route that
/// knows better has set the header already, and keeps it.
pub(crate) fn fixed_headers(response: &mut Response) {
    let headers = response.headers_mut();
    // The map grows once, with room for the request's name and the length.
    headers.reserve(FIXED.len() + 2);
    for (name, value) in FIXED {
        headers.entry(name).or_insert(value);
    }
}

const FIXED: [(HeaderName, HeaderValue); 5] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];
