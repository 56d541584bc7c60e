//! A session for every request, with the request's deadline.

use std::task::{Context, Poll};

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Request, StatusCode};
use tower::{Layer, Service};

use crate::database::Database;
use crate::session::Session;
use crate::time::{Duration, Instant};

/// Lets handlers take a [`Session`] as an argument.
///
/// The session's deadline is the moment at which the request reached this layer plus the patience given here, so no
/// wait in it outlives the request. It takes no connection before its first statement, and whatever the
/// handler did not commit is rolled back when the session is dropped: after an error, a panic, a time-out, or when
/// the client hung up and the request's future was dropped.
#[derive(Debug, Clone)]
pub struct SessionLayer {
    database: Database,
    patience: Duration,
}

impl SessionLayer {
    /// A layer for sessions on this database. Set the patience a little below the time-out of whatever stands in
    /// front of it, so that the answer is yours.
    #[must_use]
    pub const fn new(database: Database, patience: Duration) -> Self {
        Self { database, patience }
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, service: S) -> SessionService<S> {
        SessionService { service, layer: self.clone() }
    }
}

/// The service that [`SessionLayer`] makes.
#[derive(Debug, Clone)]
pub struct SessionService<S> {
    service: S,
    layer: SessionLayer,
}

/// What the extractor finds in the request.
#[derive(Debug, Clone)]
struct Ticket {
    database: Database,
    deadline: Instant,
}

impl<S, B> Service<Request<B>> for SessionService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let deadline = Instant::now() + self.layer.patience;
        let ticket = Ticket { database: self.layer.database.clone(), deadline };
        drop(request.extensions_mut().insert(ticket));
        self.service.call(request)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, SessionRejection> {
        let ticket = parts.extensions.get::<Ticket>().ok_or(SessionRejection)?;
        Ok(ticket.database.session(Some(ticket.deadline)))
    }
}

/// A handler wants a session, but its route has no [`SessionLayer`].
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("this route has no SessionLayer: add one to the router to which the handler belongs")]
#[non_exhaustive]
pub struct SessionRejection;

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        tracing::error!(error = %self, "bug: a handler cannot have a session");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}
