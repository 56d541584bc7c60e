//! So many requests at the same time and no more.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::app::App;
use crate::problem::{Problem, ProblemKind};

/// Refuses a request at once when too many are being worked on; this one counts for as long as the permit lives. A queue in
/// this place would only make everybody wait for answers that come too late; the pool has the one queue that is fair.
pub(crate) fn admission(app: &App) -> Result<OwnedSemaphorePermit, Problem> {
    Arc::clone(app.request_slots()).try_acquire_owned().map_err(|_all_taken| {
        let detail = format!("{} requests are being worked on already.", app.settings().max_requests);
        Problem::new(ProblemKind::Overloaded, detail).retry_after(1)
    })
}
