//! From listening to serving: the database, whenever it comes.

use steadfast::time::{Duration, Instant, sleep};
use steadfast::verdict::Class;

use crate::app::App;
use crate::lifecycle::Phase;
use crate::schema::{SchemaError, ensure_guard, ensure_schema};
use crate::seal::Seal;

/// How long to wait for a first answer before saying that there is none. While somebody waits the pool
/// reconnects in the background, so a database that comes is noticed within the try, and not by the next one.
const PROBE: Duration = Duration::from_secs(2);

/// How long the schema may take once the database answers: it may have to wait for other workers that are at it.
const SCHEMA: Duration = Duration::from_secs(30);

/// Between two tries that failed at once: half of this to all of it, so that somebody who creates the missing
/// database or mends the password sees the service come up within the second.
const PAUSE: Duration = Duration::from_secs(1);

/// How often a cause that stays the same is logged again.
const REMINDER: Duration = Duration::from_secs(60);

/// Sets the schema up as soon as there is a database, and opens the gate. Never gives up: a service that ends
/// because its database is late is restarted a few times by its platform and then stays down for good.
pub(crate) async fn start(app: App) {
    let begun = Instant::now();
    let mut log = FailureLog::default();
    loop {
        match prepare(&app).await {
            Ok(()) => break,
            Err(error) => log.note(&error),
        }
        sleep(PAUSE.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
    }
    app.lifecycle().advance(Phase::Serving);
    tracing::info!(after_ms = begun.elapsed().as_millis(), "the database is ready; serving");
}

async fn prepare(app: &App) -> Result<(), SchemaError> {
    let database = app.database();
    database.probe(Instant::now() + PROBE).await?;
    let deadline = Instant::now() + SCHEMA;
    ensure_schema(database, deadline).await?;
    ensure_guard(database, app.settings().commit_guard, deadline).await?;
    match Seal::load(database, Some(deadline)).await {
        Ok(Some(seal)) => app.set_seal(seal),
        Ok(None) => {
            tracing::warn!("there is no key in steadfast_secret: unknown outcomes are told without a ticket")
        }
        Err(error) if error.fault().is_some_and(|fault| fault.class() == Class::Statement) => {
            tracing::warn!(%error, "steadfast_secret cannot be read: unknown outcomes are told without a ticket");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Says what is wrong when it changes, and once in a while when it does not.
#[derive(Default)]
struct FailureLog {
    last: Option<(String, Instant)>,
}

impl FailureLog {
    fn note(&mut self, error: &SchemaError) {
        // The cause, without the figures (waited, in use) that differ from try to try.
        let cause = error.fault().map_or_else(|| error.to_string(), ToString::to_string);
        let told = self.last.as_ref().is_some_and(|(last, at)| *last == cause && at.elapsed() < REMINDER);
        if told {
            return;
        }
        if error.is_transient() {
            tracing::warn!(%cause, "waiting for the database");
        } else {
            tracing::error!(%cause, "the database cannot be used until somebody changes something; trying on");
        }
        self.last = Some((cause, Instant::now()));
    }
}
