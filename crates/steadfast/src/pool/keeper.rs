//! The pool's background task: recycles, retires, verifies, refills, and retries while the database is away.

use std::sync::Arc;

use super::shared::Shared;
use crate::connector::Connector;
use crate::tasks;
use crate::time::{far_future, sleep_until};

/// Starts the keeper of this pool. It ends when the pool has gone.
pub(super) fn start<C: Connector>(shared: &Arc<Shared<C>>) {
    let bell = Arc::clone(&shared.keeper);
    let pool = Arc::downgrade(shared);
    tasks::spawn_on(&shared.runtime(), "pool: keeper", async move {
        loop {
            let due = match pool.upgrade() {
                Some(shared) => shared.tick(),
                None => return,
            };
            let due = due.unwrap_or_else(far_future);
            tokio::select! {
                // The order does not matter, but it shall be the same each time that a schedule is played.
                biased;
                () = bell.notified() => {}
                () = sleep_until(due) => {}
            }
        }
    });
}
