//! What the pool's own tasks do with connections: open, verify, clean, close. None of it happens inside a
//! caller's future, so a caller that goes away takes nothing with it.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::pooled::{Boxed, Pooled};
use super::shared::Shared;
use super::state::{Attempt, Found, SlotId};
use crate::connector::Connector;
use crate::error::Fault;
use crate::event::CloseCause;
use crate::sync::JoinHandle;
use crate::tasks;
use crate::time::{Duration, Instant, sleep, timeout};
use crate::verdict::{Class, Step};

/// Opens a connection for this slot. The task may be aborted.
pub(super) fn open<C: Connector>(shared: &Arc<Shared<C>>, id: SlotId, attempt: Attempt) -> JoinHandle<()> {
    let work = Charge::new(shared, id, Kind::Opening(attempt));
    tasks::spawn_on(&shared.runtime(), "pool: open", async move {
        let shared = Arc::clone(&work.shared);
        // A connector that bounds itself knows better what it was waiting for; this is for one that does not.
        let limit = shared.options.connect_timeout;
        let started = Instant::now();
        let result =
            timeout(limit + SLACK, shared.connector.connect(shared.alarm())).await.unwrap_or_else(|_| {
                Err(Fault::new(Class::Unreachable, Step::Dial, format!("no connection within {limit:?}"))
                    .with_remedy("check that the server is reachable, or raise connect_timeout"))
            });
        work.done();
        let ended = shared.update(|state, now, out| match result {
            Ok(connection) => {
                let connection = Pooled::new(connection, id, shared.process());
                let ended = ended(&shared, &connection).is_err();
                state.opened(id, connection, started.elapsed(), now, out);
                ended
            }
            Err(fault) => {
                state.open_failed(id, fault, now, out);
                false
            }
        });
        if ended {
            shared.alarm().ring();
        }
    })
}

/// Asks the peer of an idle connection whether it is still there.
pub(super) fn verify<C: Connector>(shared: &Arc<Shared<C>>, id: SlotId, mut connection: Boxed<C>) {
    let work = Charge::new(shared, id, Kind::Keeping);
    let _task = tasks::spawn_on(&shared.runtime(), "pool: verify", async move {
        let shared = Arc::clone(&work.shared);
        let started = Instant::now();
        let result = ask(&shared, id, &mut connection).await;
        let took = started.elapsed();
        work.done();
        if result.is_ok() {
            shared.note_ping(took);
        }
        shared.update(|state, now, out| match result.and_then(|()| ended(&shared, &connection)) {
            Ok(()) => state.verified(id, connection, took, now, out),
            Err((cause, fault)) => state.lost(id, connection, cause, &fault, now, out),
        });
    });
}

/// Brings a returned connection back to its initial state.
pub(super) fn clean<C: Connector>(shared: &Arc<Shared<C>>, id: SlotId, mut connection: Boxed<C>) {
    let work = Charge::new(shared, id, Kind::Keeping);
    let _task = tasks::spawn_on(&shared.runtime(), "pool: clean", async move {
        let shared = Arc::clone(&work.shared);
        let result = bounded_clean(&shared, id, &mut connection).await;
        let result = result.map_err(|fault| (CloseCause::NotCleaned(fault.clone()), fault));
        work.done();
        shared.update(|state, now, out| match result.and_then(|()| ended(&shared, &connection)) {
            Ok(()) => state.cleaned(id, connection, now, out),
            Err((cause, fault)) => state.lost(id, connection, cause, &fault, now, out),
        });
    });
}

/// Says goodbye.
pub(super) fn close<C: Connector>(shared: &Arc<Shared<C>>, id: SlotId, connection: Boxed<C>) {
    let work = Charge::new(shared, id, Kind::Keeping);
    let _task = tasks::spawn_on(&shared.runtime(), "pool: close", async move {
        let shared = Arc::clone(&work.shared);
        let limit = shared.options.close_timeout;
        if timeout(limit, shared.connector.close(connection.connection)).await.is_err() {
            tracing::debug!(?limit, "a connection was closed without a goodbye: its peer does not answer");
        }
        work.done();
        shared.update(|state, now, out| state.vacated(id, now, out));
    });
}

/// Whether a connection has ended while it was in a task's hands. To be asked under the lock under which it
/// becomes idle: an alarm that rang before that found nothing to look at, one that rings later finds it.
fn ended<C: Connector>(shared: &Shared<C>, connection: &Boxed<C>) -> Result<(), (CloseCause, Fault)> {
    match shared.inspect(connection) {
        Found::Lost(fault) => Err((CloseCause::Lost(fault.clone()), fault)),
        Found::Ready | Found::Dirty => Ok(()),
    }
}

async fn ask<C: Connector>(
    shared: &Arc<Shared<C>>,
    id: SlotId,
    connection: &mut Boxed<C>,
) -> Result<(), (CloseCause, Fault)> {
    match shared.inspect(connection) {
        Found::Ready => {}
        Found::Lost(fault) => return Err((CloseCause::Lost(fault.clone()), fault)),
        Found::Dirty => {
            let cleaned = bounded_clean(shared, id, connection).await;
            return cleaned.map_err(|fault| (CloseCause::NotCleaned(fault.clone()), fault));
        }
    }
    let limit = shared.options.ping_timeout;
    match not_counted_on(shared, id, timeout(limit, shared.connector.ping(connection))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(fault)) => Err((CloseCause::Lost(fault.clone()), fault)),
        Err(_) => {
            let fault = Fault::new(Class::ConnectionLost, Step::Ping, format!("no answer within {limit:?}"))
                .with_remedy("the path to the server went silent; a new connection is opened instead");
            Err((CloseCause::PingTimedOut, fault))
        }
    }
}

/// Waits for an answer. When it takes unusually long, the pool is told not to count on this connection.
async fn not_counted_on<C: Connector, R>(
    shared: &Arc<Shared<C>>,
    id: SlotId,
    answer: impl Future<Output = R>,
) -> R {
    let mut answer = pin!(answer);
    let slow = shared.hedge_delay();
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        () = sleep(slow), if slow < shared.options.ping_timeout => {
            shared.update(|state, now, out| state.stalled(id, now, out));
            answer.await
        }
    }
}

impl<C: Connector> Shared<C> {
    /// Notes how long a ping took.
    fn note_ping(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let usual = self.usual_ping.load(Ordering::Relaxed);
        let usual = if usual == 0 { took } else { (usual / 8 * 7).saturating_add(took / 8).max(1) };
        self.usual_ping.store(usual, Ordering::Relaxed);
    }

    /// After how long a ping counts as unusually slow: five usual round trips, and never so soon that a busy
    /// scheduler alone could be the reason.
    fn hedge_delay(&self) -> Duration {
        let usual = Duration::from_micros(self.usual_ping.load(Ordering::Relaxed));
        if usual.is_zero() {
            return self.options.ping_timeout / 4;
        }
        (usual * 5).clamp(Duration::from_millis(20), self.options.ping_timeout)
    }
}

async fn bounded_clean<C: Connector>(
    shared: &Arc<Shared<C>>,
    id: SlotId,
    connection: &mut Boxed<C>,
) -> Result<(), Fault> {
    let limit = shared.options.clean_timeout;
    let cleaned = timeout(limit, shared.connector.clean(connection));
    not_counted_on(shared, id, cleaned).await.unwrap_or_else(|_| {
        Err(Fault::new(Class::ConnectionLost, Step::Clean, format!("not clean within {limit:?}")))
    })
}

const SLACK: Duration = Duration::from_millis(250);

/// A task's responsibility for a slot. When the task ends without a report, because it panicked or its runtime
/// was shut down, the slot becomes vacant all the same.
struct Charge<C: Connector> {
    shared: Arc<Shared<C>>,
    id: SlotId,
    kind: Kind,
    reported: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Opening(Attempt),
    Keeping,
}

impl<C: Connector> Charge<C> {
    fn new(shared: &Arc<Shared<C>>, id: SlotId, kind: Kind) -> Self {
        Self { shared: Arc::clone(shared), id, kind, reported: false }
    }

    /// The report follows at once.
    fn done(mut self) {
        self.reported = true;
    }
}

impl<C: Connector> Drop for Charge<C> {
    fn drop(&mut self) {
        let (id, kind) = (self.id, self.kind);
        if let Kind::Opening(attempt) = kind {
            self.shared.connecting.ended(attempt);
        }
        if self.reported {
            return;
        }
        self.shared.update(|state, now, out| match kind {
            Kind::Opening(_) => {
                let fault =
                    Fault::new(Class::Unreachable, Step::Dial, "the task that was connecting was ended")
                        .with_remedy("the runtime is shutting down, or the connector panicked: see the log");
                state.open_failed(id, fault, now, out);
            }
            Kind::Keeping => state.vacated(id, now, out),
        });
    }
}
