//! What the plan notes, in words.

use crate::plan::Note;

pub(super) fn note(note: Note) {
    match note {
        Note::Ready { incarnation, took } => {
            tracing::info!(incarnation, after_ms = took.as_millis(), "a worker is ready");
        }
        Note::LeavesByItself { incarnation } => {
            tracing::info!(incarnation, "a worker was told to end by somebody else; replacing it");
        }
        Note::GetsOn { incarnation } => tracing::info!(incarnation, "the worker makes progress again"),
        Note::Degraded(why) => {
            tracing::error!(why, "degraded: not all workers can be kept running; trying on")
        }
        Note::Recovered => tracing::info!("all workers run again"),
        Note::Rolling => tracing::info!("replacing the workers one by one"),
        Note::Rolled => tracing::info!("all workers are replaced"),
        Note::RollFailed { number, why } => {
            tracing::error!(
                number,
                why,
                "the new worker did not become ready; the workers that are there stay"
            );
        }
        Note::Wanted(workers) => tracing::info!(workers, "the number of workers was changed"),
        Note::Ending => tracing::info!("asked to end; the workers finish what is in flight"),
        Note::Hurrying => tracing::info!("asked to hurry; dropping what is in flight"),
    }
}
