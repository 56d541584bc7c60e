//! The moment by which a request must be answered.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use parking_lot::Mutex;
use steadfast::Ticket;
use steadfast::time::{Duration, Instant};

/// The moment by which a request must be answered.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    answer: Instant,
    database: Instant,
    /// Of the transaction whose COMMIT is on its way, for a request that changes something. Held for moments only.
    committing: Option<Arc<Mutex<Option<Ticket>>>>,
}

impl Deadline {
    /// A deadline for a request that began then, and `changes` something or not.
    pub(crate) fn within(begun: Instant, timeout: Duration, changes: bool) -> Self {
        let answer = begun + timeout;
        let database = answer - (timeout / 10).min(MAX_MARGIN);
        Self { answer, database, committing: changes.then(Arc::default) }
    }

    /// When the request is cut.
    pub(crate) fn answer(&self) -> Instant {
        self.answer
    }

    /// When the database's part must be over: a little earlier, so that it is the library that ends a
    /// transaction and knows whether it was committed. A request that is cut from outside does not.
    pub(crate) fn database(&self) -> Instant {
        self.database
    }

    /// Notes the ticket of a COMMIT that is about to be sent, or that there is none.
    pub(crate) fn set_committing(&self, ticket: Option<Ticket>) {
        if let Some(committing) = &self.committing {
            *committing.lock() = ticket;
        }
    }

    /// The ticket of the COMMIT that is on its way.
    pub(crate) fn committing(&self) -> Option<Ticket> {
        self.committing.as_ref()?.lock().clone()
    }
}

const MAX_MARGIN: Duration = Duration::from_millis(500);

/// For a route outside of the time limit's middleware: the default request timeout.
const FALLBACK: Duration = Duration::from_secs(30);

impl<S: Sync> FromRequestParts<S> for Deadline {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let fallback = || Self::within(Instant::now(), FALLBACK, !parts.method.is_safe());
        Ok(parts.extensions.get().cloned().unwrap_or_else(fallback))
    }
}
