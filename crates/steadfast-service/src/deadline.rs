//! The moment by which a request must be answered.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use steadfast::time::{Duration, Instant};

/// The moment by which a request must be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    answer: Instant,
    database: Instant,
}

impl Deadline {
    /// A deadline this far from now.
    pub(crate) fn within(timeout: Duration) -> Self {
        let answer = Instant::now() + timeout;
        Self { answer, database: answer - (timeout / 10).min(MAX_MARGIN) }
    }

    /// When the request is cut.
    pub(crate) fn answer(self) -> Instant {
        self.answer
    }

    /// When the database's part must be over: a little earlier, so that it is the library that ends a
    /// transaction and knows whether it was committed. A request that is cut from outside does not.
    pub(crate) fn database(self) -> Instant {
        self.database
    }
}

const MAX_MARGIN: Duration = Duration::from_millis(500);

/// For a route outside of the time limit's middleware: the default request timeout.
const FALLBACK: Duration = Duration::from_secs(30);

impl<S: Sync> FromRequestParts<S> for Deadline {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_else(|| Self::within(FALLBACK)))
    }
}
