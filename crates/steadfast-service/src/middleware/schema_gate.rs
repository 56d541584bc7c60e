//! Nothing that needs the schema is tried before the schema is there.

use crate::app::App;
use crate::problem::{Problem, ProblemKind};

/// Refuses until the schema was ready once, also in a service that is asked to end while it still waits.
pub(crate) fn schema_gate(app: &App) -> Result<(), Problem> {
    if app.lifecycle().was_ready() {
        return Ok(());
    }
    let detail = "The service has started and is waiting for its database.";
    Err(Problem::new(ProblemKind::Starting, detail).retry_after(1))
}
