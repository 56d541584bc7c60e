//! Waiting until connections are there. Nobody's connection is taken for that: whoever asks for one meanwhile is
//! served as ever.

use std::pin::pin;
use std::sync::Arc;

use super::acquire::explain;
use super::shared::Shared;
use super::state::Refusal;
use crate::connector::Connector;
use crate::error::{AcquireError, AcquireFailure};
use crate::time::{Instant, timeout_at};

/// Returns when this many connections are there, or as many as there may be.
pub(super) async fn warm_up<C: Connector>(
    shared: &Arc<Shared<C>>,
    connections: usize,
    deadline: Instant,
) -> Result<(), AcquireError> {
    let started = Instant::now();
    let in_vain = |failure, fault| Err(explain(shared, Refusal { failure, fault }, started.elapsed()));
    if !shared.belongs_here() {
        return in_vain(AcquireFailure::Closed, None);
    }
    shared.update(|state, now, out| state.begin_warming(connections, now, out));
    let _wish = Wish { shared, connections };
    let warm = async {
        loop {
            let mut changed = pin!(shared.changed.notified());
            changed.as_mut().enable();
            let known = shared.look(|state, now| {
                if state.is_closing() {
                    Some(Err(Refusal::closed()))
                } else if state.is_warm(connections) {
                    Some(Ok(()))
                } else {
                    let fault = state.hopeless(now)?;
                    Some(Err(Refusal { failure: AcquireFailure::Permanent, fault: Some(fault) }))
                }
            });
            if let Some(known) = known {
                return known;
            }
            changed.await;
        }
    };
    match timeout_at(deadline, warm).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(refusal)) => in_vain(refusal.failure, refusal.fault),
        Err(_) => in_vain(AcquireFailure::TimedOut, None),
    }
}

/// What the pool is asked for as long as somebody waits for it.
struct Wish<'a, C: Connector> {
    shared: &'a Arc<Shared<C>>,
    connections: usize,
}

impl<C: Connector> Drop for Wish<'_, C> {
    fn drop(&mut self) {
        if self.shared.is_own_process() {
            self.shared.update(|state, _, _| state.end_warming(self.connections));
        }
    }
}
