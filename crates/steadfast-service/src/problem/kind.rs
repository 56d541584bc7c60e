//! Every kind of problem that the service answers with: one table.

use http::StatusCode;

/// A kind of problem. Its URI, title and status never change, so that programs may depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The body is not JSON, or not a JSON object.
    MalformedJson,
    /// A part of the address is not what it must be.
    InvalidParameter,
    /// The Idempotency-Key is not what it must be.
    InvalidIdempotencyKey,
    /// Fields of the body are missing, unknown or unacceptable.
    InvalidBody,
    /// There is nothing at this address.
    NotFound,
    /// There is no user with this id.
    UserNotFound,
    /// The address exists, the method does not.
    MethodNotAllowed,
    /// The body did not arrive in time.
    RequestIncomplete,
    /// A value that must be unique is taken.
    Duplicate,
    /// The first request with this Idempotency-Key has not ended.
    IdempotencyKeyInUse,
    /// The Idempotency-Key was used for another request.
    IdempotencyKeyReused,
    /// The body is larger than the service reads.
    BodyTooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// A bug.
    Internal,
    /// Too many requests at the same time, or too few connections for them.
    Overloaded,
    /// The service has never reached its database since it started.
    Starting,
    /// The database cannot be reached at present.
    DatabaseUnavailable,
    /// Other transactions were in the way, again and again.
    WriteConflict,
    /// It is not known whether a change was stored.
    OutcomeUnknown,
    /// The request's time was over before the work was.
    DeadlineExceeded,
}

/// What is fixed about a kind.
struct Entry {
    status: StatusCode,
    name: &'static str,
    title: &'static str,
    remedy: &'static str,
}

impl ProblemKind {
    /// All kinds, for documents and tests.
    pub const ALL: [Self; 20] = [
        Self::MalformedJson,
        Self::InvalidParameter,
        Self::InvalidIdempotencyKey,
        Self::InvalidBody,
        Self::NotFound,
        Self::UserNotFound,
        Self::MethodNotAllowed,
        Self::RequestIncomplete,
        Self::Duplicate,
        Self::IdempotencyKeyInUse,
        Self::IdempotencyKeyReused,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::Internal,
        Self::Overloaded,
        Self::Starting,
        Self::DatabaseUnavailable,
        Self::WriteConflict,
        Self::OutcomeUnknown,
        Self::DeadlineExceeded,
    ];

    /// The status that it is answered with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.entry().status
    }

    /// The last part of its URI: `database-unavailable`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// A few words for a human, the same for every problem of the kind.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.entry().title
    }

    /// What the caller should do about it.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        self.entry().remedy
    }

    #[rustfmt::skip]
    fn entry(self) -> Entry {
        let (status, name, title, remedy) = match self {
            Self::MalformedJson => (StatusCode::BAD_REQUEST, "malformed-json", "The body is not a JSON object",
                "Send one JSON object, encoded as UTF-8."),
            Self::InvalidParameter => (StatusCode::BAD_REQUEST, "invalid-parameter", "The address has an invalid part",
                "Correct the parameters that `errors` names."),
            Self::InvalidIdempotencyKey => (StatusCode::BAD_REQUEST, "invalid-idempotency-key", "The Idempotency-Key is not acceptable",
                "Nothing was changed. Send one key of 1 to 255 visible ASCII characters in quotation marks, such as a UUID."),
            Self::InvalidBody => (StatusCode::UNPROCESSABLE_ENTITY, "invalid-body", "The body has invalid fields",
                "Correct the fields that `errors` names; it names all of them."),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is nothing at this address",
                "See /openapi.json for the addresses that exist."),
            Self::UserNotFound => (StatusCode::NOT_FOUND, "user-not-found", "There is no such user",
                "List the users to find out which exist."),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not allowed here",
                "Use one of the methods in the Allow header."),
            Self::RequestIncomplete => (StatusCode::REQUEST_TIMEOUT, "request-incomplete", "The body did not arrive in time",
                "Nothing was changed. Send the request again, on a better network."),
            Self::Duplicate => (StatusCode::CONFLICT, "duplicate", "A value that must be unique is taken",
                "Choose another value for the field that `errors` names."),
            Self::IdempotencyKeyInUse => (StatusCode::CONFLICT, "idempotency-key-in-use", "The first request with this Idempotency-Key has not ended",
                "This request changed nothing. Repeat it with the same key after the time in Retry-After."),
            Self::IdempotencyKeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The Idempotency-Key was used for another request",
                "Nothing was changed. Use a new key for each change, and the same one only to repeat it."),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large",
                "Send a smaller body."),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body must be JSON",
                "Send `Content-Type: application/json` and no Content-Encoding."),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The service made a mistake",
                "Report it together with `instance`: the log says more under that id."),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "The service is at its limit",
                "Nothing was changed. Repeat the request after the time in Retry-After."),
            Self::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting", "The service is waiting for its database",
                "Nothing was changed. Repeat the request after the time in Retry-After."),
            Self::DatabaseUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "database-unavailable", "The database cannot be reached",
                "Nothing was changed. Repeat the request after the time in Retry-After."),
            Self::WriteConflict => (StatusCode::SERVICE_UNAVAILABLE, "write-conflict", "Other changes were in the way",
                "Nothing was changed. Repeat the request after the time in Retry-After."),
            Self::OutcomeUnknown => (StatusCode::SERVICE_UNAVAILABLE, "outcome-unknown", "It is not known whether the change was stored",
                "Ask at the address in `outcome`, or repeat a request that had an Idempotency-Key. Without either, \
                 read the resource before you repeat the request: the change may have been stored."),
            Self::DeadlineExceeded => (StatusCode::GATEWAY_TIMEOUT, "deadline-exceeded", "The request took too long",
                "Repeat a request that reads. Before you repeat one that writes, look at the X-Outcome header: \
                 `unknown` means that the change may have been stored."),
        };
        Entry { status, name, title, remedy }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_lists_every_kind_once() {
        let names: BTreeSet<_> = ProblemKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), ProblemKind::ALL.len());
        // The discriminants are dense, so a kind that is missing from ALL leaves a gap at the end.
        let highest = ProblemKind::ALL.iter().map(|kind| *kind as usize).max();
        assert_eq!(highest, Some(ProblemKind::DeadlineExceeded as usize));
        assert_eq!(ProblemKind::ALL.len(), ProblemKind::DeadlineExceeded as usize + 1);
    }

    #[test]
    fn every_kind_is_an_error_with_a_sentence_to_go_by() {
        for kind in ProblemKind::ALL {
            assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{kind:?}");
            assert!(!kind.title().ends_with('.'), "{kind:?}");
            assert!(kind.remedy().ends_with('.'), "{kind:?}");
        }
    }
}
