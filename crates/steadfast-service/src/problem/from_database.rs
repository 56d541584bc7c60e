//! What a failure of the database means for an HTTP client: the one place that decides.

use steadfast::error::{AcquireError, AcquireFailure, Error, Fault};
use steadfast::verdict::{Class, Verdict};

use crate::problem::{Problem, ProblemKind};

/// When the pool reconnects it tries at least once a second while anybody waits.
const SOON: u32 = 1;

/// Somebody has to change something first.
const LATER: u32 = 30;

impl From<Error> for Problem {
    /// Writes the whole error to the log and gives the client what it may know.
    fn from(error: Error) -> Self {
        let problem = match &error {
            Error::Acquire(acquire) => of_acquire(acquire),
            Error::Fault(fault) => of_fault(fault),
            // Config cannot happen in a request; the others are bugs in this service. So is anything new.
            Error::Config(_) | Error::Inert | Error::Column { .. } | Error::RowCount { .. } | _ => {
                Self::internal()
            }
        };
        if problem.kind() == ProblemKind::Internal {
            tracing::error!(%error, "bug: a request failed for a reason that lies in the service");
        } else {
            tracing::warn!(%error, verdict = ?error.verdict(), problem = problem.kind().name(), "a request failed");
        }
        problem
    }
}

/// Nothing was sent yet, so nothing can have been stored.
fn of_acquire(error: &AcquireError) -> Problem {
    let cannot_connect = error.last_connect().is_some();
    match error.failure {
        AcquireFailure::Permanent => unavailable("The database refuses the service.").retry_after(LATER),
        AcquireFailure::TimedOut | AcquireFailure::QueueFull if !cannot_connect => {
            Problem::new(ProblemKind::Overloaded, "No connection to the database was free in time.")
                .retry_after(SOON)
        }
        // Closed: the service is ending, and a retry will reach another one or the next.
        AcquireFailure::TimedOut | AcquireFailure::QueueFull | AcquireFailure::Closed | _ => {
            unavailable("No connection to the database could be opened in time.").retry_after(SOON)
        }
    }
}

fn of_fault(fault: &Fault) -> Problem {
    if fault.verdict() == Verdict::OutcomeUnknown {
        let detail = "The connection was lost while the change was being stored.";
        let problem = Problem::new(ProblemKind::OutcomeUnknown, detail).outcome_unknown();
        return match fault.doubt() {
            Some(doubt) => problem.because(doubt.name()),
            None => problem,
        };
    }
    match fault.class() {
        Class::ConnectionLost
        | Class::Unreachable
        | Class::Unavailable
        | Class::Capacity
        | Class::ReadOnlyServer => unavailable(
            "The connection to the database was lost, and no other one could do the work in time.",
        )
        .retry_after(SOON),
        Class::Permanent => unavailable("The database refuses the service.").retry_after(LATER),
        Class::Conflict | Class::RolledBack => {
            let detail = "The database undid the change each time it was tried.";
            Problem::new(ProblemKind::WriteConflict, detail).retry_after(SOON)
        }
        Class::Timeout => Problem::new(
            ProblemKind::DeadlineExceeded,
            "The database did not finish in time; nothing was changed.",
        ),
        // A statement of ours was wrong; a class that this service does not know is as good as that.
        Class::Statement | _ => Problem::internal(),
    }
}

fn unavailable(detail: &str) -> Problem {
    Problem::new(ProblemKind::DatabaseUnavailable, detail)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::response::IntoResponse as _;
    use steadfast::error::Phase;
    use steadfast::time::Duration;
    use steadfast::verdict::Step;

    use super::*;

    const SECRET: &str = "postgres://app:hunter2@db.internal:5432/app SELECT * FROM users";

    fn fault(class: Class) -> Fault {
        Fault::new(class, Step::Statement, SECRET)
            .with_code("XX000")
            .with_last_words(SECRET)
            .with_remedy(SECRET)
            .with_constraint(SECRET)
    }

    #[test]
    fn each_class_has_its_answer() {
        use ProblemKind::*;
        let table = [
            (Class::ConnectionLost, DatabaseUnavailable),
            (Class::Unreachable, DatabaseUnavailable),
            (Class::Unavailable, DatabaseUnavailable),
            (Class::Capacity, DatabaseUnavailable),
            (Class::ReadOnlyServer, DatabaseUnavailable),
            (Class::Permanent, DatabaseUnavailable),
            (Class::Conflict, WriteConflict),
            (Class::RolledBack, WriteConflict),
            (Class::Timeout, DeadlineExceeded),
            (Class::Statement, Internal),
        ];
        for (class, kind) in table {
            let problem = Problem::from(Error::from(fault(class)));
            assert_eq!(problem.kind(), kind, "{class:?}");
            let response = problem.into_response();
            let retry = response.headers().contains_key(http::header::RETRY_AFTER);
            assert_eq!(retry, kind.status() == 503, "{class:?}");
        }
    }

    #[test]
    fn an_unknown_outcome_is_said_and_never_invites_a_retry() {
        for class in [Class::ConnectionLost, Class::Unavailable, Class::Timeout, Class::Statement] {
            let problem = Problem::from(Error::from(fault(class).with_unknown_outcome()));
            assert_eq!(problem.kind(), ProblemKind::OutcomeUnknown);
            let response = problem.into_response();
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()["x-outcome"], "unknown");
            assert!(!response.headers().contains_key(http::header::RETRY_AFTER));
        }
    }

    #[test]
    fn a_wait_that_ended_is_overload_only_when_connecting_works() {
        for failure in [AcquireFailure::TimedOut, AcquireFailure::QueueFull] {
            let error = AcquireError::new(failure, Phase::Waiting, Duration::from_secs(1));
            assert_eq!(Problem::from(Error::from(error)).kind(), ProblemKind::Overloaded);
        }
        for failure in [AcquireFailure::Closed, AcquireFailure::Permanent] {
            let error = AcquireError::new(failure, Phase::Opening, Duration::from_secs(1));
            assert_eq!(Problem::from(Error::from(error)).kind(), ProblemKind::DatabaseUnavailable);
        }
    }

    #[test]
    fn misuse_of_the_library_is_our_bug() {
        let column = Error::Column { column: SECRET.into(), problem: SECRET.into() };
        for error in [Error::Inert, column, Error::RowCount { expected: "one row", found: 2 }] {
            assert_eq!(Problem::from(error).kind(), ProblemKind::Internal);
        }
    }

    #[tokio::test]
    async fn no_answer_shows_anything_of_the_fault() {
        for class in
            [Class::ConnectionLost, Class::Permanent, Class::Statement, Class::Timeout, Class::Conflict]
        {
            let response = Problem::from(Error::from(fault(class))).into_response();
            let headers = format!("{:?}", response.headers());
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let text = headers + std::str::from_utf8(&body).unwrap();
            for word in ["hunter2", "db.internal", "SELECT", "XX000", "postgres"] {
                assert!(!text.contains(word), "{class:?} shows {word}: {text}");
            }
        }
    }
}
