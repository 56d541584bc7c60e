//! Removing what is old: keys that have expired, and markers of transactions that nobody will ask about any more.
//!
//! In portions, so that no transaction is long; by one worker at a time; and only when there can be something to
//! remove, so that a database which sleeps while nobody uses it is not woken.

use jiff::Timestamp;
use steadfast::Error;
use steadfast::sql::Guard;
use steadfast::time::{Duration, Instant, sleep};

use crate::app::App;
use crate::idempotency::prune;
use crate::lifecycle::Phase;

/// Rows that are removed in one transaction.
const PORTION: u32 = 500;

/// After the start.
const FIRST: Duration = Duration::from_secs(30);

/// Between two portions: requests come first.
const PAUSE: Duration = Duration::from_millis(50);

/// For one portion.
const PATIENCE: Duration = Duration::from_secs(10);

/// Removes what is old at the start, while changes come in, and once more when the last of them have become old.
pub(crate) async fn prune_for_ever(app: App) {
    app.lifecycle().reached(Phase::Serving).await;
    let ttl = app.settings().idempotency_ttl;
    let interval = (ttl / 24).clamp(Duration::from_secs(1), Duration::from_secs(600));
    // What a process before this one has left, once the rush of a start is over.
    sleep(jittered(interval.min(FIRST))).await;
    remove(&app).await;
    let mut last_change = Some(Instant::now());
    loop {
        sleep(jittered(interval)).await;
        if app.take_has_kept() {
            last_change = Some(Instant::now());
        } else if last_change.is_some_and(|last| last.elapsed() > ttl + interval) {
            last_change = None;
        } else {
            continue;
        }
        remove(&app).await;
    }
}

/// Workers that were started together do not all come at the same moment.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.75 + fastrand::f64() / 2.0)
}

async fn remove(app: &App) {
    match remove_all(app).await {
        Ok(0) => {}
        Ok(removed) => tracing::debug!(removed, "keys and markers that had expired were removed"),
        Err(error) => {
            tracing::warn!(%error, "keys that have expired could not be removed; trying again later")
        }
    }
}

async fn remove_all(app: &App) -> Result<u64, Error> {
    let now = Timestamp::now();
    let mut removed = 0;
    loop {
        let deadline = Instant::now() + PATIENCE;
        let Some(portion) = prune(app.database(), now, PORTION, deadline).await? else {
            return Ok(removed);
        };
        removed += portion;
        if portion < u64::from(PORTION) {
            break;
        }
        sleep(PAUSE).await;
    }
    if app.settings().commit_guard == Guard::Marker {
        let before = now.saturating_sub(app.settings().idempotency_ttl).unwrap_or(Timestamp::MIN);
        removed += app.database().forget_outcomes(before, Some(Instant::now() + PATIENCE)).await?;
    }
    Ok(removed)
}
