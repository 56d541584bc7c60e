//! The time limit of a request.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use steadfast::time::{Instant, kept};

use crate::app::App;
use crate::deadline::Deadline;
use crate::problem::{Problem, ProblemKind};

/// Gives the request its deadline, and cuts it off there. Work on the database ends earlier by itself (see
/// [`Deadline::database`]), so this is the net below: a handler that is cut off here is dropped, and the
/// library rolls back what it had open. A COMMIT that is on its way goes on in the background; the client gets the ticket
/// by which it can ask for its outcome.
pub(crate) fn cut_off<F: Future<Output = Response>>(
    app: App,
    mut request: Request,
    begun: Instant,
    next: impl FnOnce(Request) -> F,
) -> impl Future<Output = Response> {
    let changes = !request.method().is_safe();
    let deadline = Deadline::within(begun, app.settings().request_timeout, changes);
    request.extensions_mut().insert(deadline.clone());
    kept::timeout_at(deadline.answer(), next(request))
        .map(move |answered| answered.unwrap_or_else(|| too_late(&app, &deadline, changes).into_response()))
}

fn too_late(app: &App, deadline: &Deadline, changes: bool) -> Problem {
    let limit = app.settings().request_timeout;
    let detail = format!("There was no answer after {} s.", limit.as_secs_f64());
    let problem = Problem::new(ProblemKind::DeadlineExceeded, detail);
    if !changes {
        return problem;
    }
    let problem = problem.outcome_unknown();
    match deadline.committing().and_then(|ticket| app.sealed(&ticket)) {
        Some(ticket) => problem.with_ticket(ticket),
        None => problem,
    }
}
