//! A drill: the pool on the file, as the application opens it.

use std::time::Duration;

use futures_util::future::join_all;
use steadfast::Database;
use steadfast::time::Instant;

use super::connect::path;
use crate::context::{Context, unusable};
use crate::finding::{Outcome, Problem};
use crate::shown::shown;
use crate::words::problem_of;

const WITHIN: Duration = Duration::from_secs(5);
const GOODBYE: Duration = Duration::from_secs(1);

/// Opens the pool and reads through all of its connections at once.
pub(crate) async fn look(context: &Context) -> Outcome {
    let Some(config) = context.config() else { return Outcome::skipped("there is no configuration") };
    let exists = path(context).is_some_and(|path| path.exists());
    if !context.options.drill {
        return Outcome::skipped("not asked for: opening the pool sets the journal mode, --drill does so");
    }
    if !exists {
        return Outcome::skipped("the file is not there yet");
    }
    let database = match Database::open_observed(config, Vec::new()) {
        Ok(database) => database,
        Err(error) => return Outcome::of(problem_of(&unusable(&error), context)),
    };
    let started = Instant::now();
    let all = join_all((0..config.pool.capacity()).map(|_| database.probe(started + WITHIN))).await;
    let took = started.elapsed();
    let open = database.status().total();
    let _left = database.close(Instant::now() + GOODBYE).await;
    let mut outcome =
        Outcome::new(shown!(all.len(), " readers at once, on ", open, " connections, in ", took))
            .with("readers", all.len())
            .with("connections", open)
            .with("all of them took", took);
    if let Some(error) = all.into_iter().find_map(Result::err) {
        outcome.problems.push(match error.fault() {
            Some(fault) => problem_of(fault, context),
            None => Problem::failure(context.shown(&error.to_string()), "look at locks and disk"),
        });
    }
    outcome
}
