//! The driver: what sends requests and takes in answers. It has a task of its own, and whoever waits for an answer drives
//! in the task's place (`engine.rs`).

use std::future::poll_fn;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::connector::Alarm;
use crate::tasks;
use crate::time::{Duration, timeout};

use super::cancel::Route;
use super::doorbell::Doorbell;
use super::engine::{Engine, Onlooker};
use super::line::Wire;
use super::observed::Observed;
use super::signs::End;

/// A socket with its buffers, driven.
pub(super) type ConnectionEngine = Engine<Wire, Lookout>;

/// The running driver. Dropping it closes the socket on the spot. A request that still runs is cancelled in the
/// background: the server would go on with it, and keep its locks, until it has something to send.
#[derive(Debug)]
pub(super) struct Driver {
    task: JoinHandle<()>,
    engine: Arc<ConnectionEngine>,
    bell: Arc<Doorbell>,
    observed: Arc<Observed>,
    route: Arc<Route>,
}

impl Driver {
    /// Starts the driver. `alarm` is rung when the connection ends or is about to.
    pub(super) fn start(
        wire: Wire,
        bell: Arc<Doorbell>,
        observed: Arc<Observed>,
        route: Arc<Route>,
        alarm: Alarm,
    ) -> Self {
        let onlooker = Lookout { observed: Arc::clone(&observed), alarm };
        let engine = Engine::new(wire, onlooker, Arc::clone(&bell));
        let running = Running(Arc::clone(&engine));
        let task = tasks::spawn("postgres driver", poll_fn(move |cx| running.0.attend(cx)));
        Self { task, engine, bell, observed, route }
    }

    /// With this a call of the connection's drives it: [`Engine::drive`].
    pub(super) fn engine(&self) -> Arc<ConnectionEngine> {
        Arc::clone(&self.engine)
    }

    /// Completes when the driver has ended.
    pub(super) async fn ended(&mut self) {
        // A panic in the task is reported by whoever started it.
        drop((&mut self.task).await);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let runs = !self.observed.is_over() && (self.observed.is_busy() || !self.bell.is_resting());
        self.task.abort();
        self.engine.stop();
        if runs && let Ok(runtime) = Handle::try_current() {
            let (route, observed) = (Arc::clone(&self.route), Arc::clone(&self.observed));
            tasks::spawn_on(&runtime, "postgres cancel", async move {
                // Whether it arrives or not: nobody is left to be told.
                drop(timeout(CANCEL_WITHIN, route.cancel(&observed)).await);
            });
        }
    }
}

/// A cancel request that takes longer would find the server in a state in which it does not matter.
const CANCEL_WITHIN: Duration = Duration::from_secs(10);

/// Rings the pool's alarm when the server has said something that concerns it.
#[derive(Debug)]
pub(super) struct Lookout {
    observed: Arc<Observed>,
    alarm: Alarm,
}

impl Onlooker for Lookout {
    fn turned(&self, over: bool) {
        if over {
            // Whatever ended the driver: the connection is of no use any more.
            self.observed.ended(End::Eof);
        }
        if self.observed.take_news() {
            self.alarm.ring();
        }
    }
}

/// Held by the task: when that is gone, as with its runtime, so is the socket.
struct Running(Arc<ConnectionEngine>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A socket that no connection owns.
#[cfg(test)]
pub(super) fn unattended(wire: Wire, bell: Arc<Doorbell>, observed: Arc<Observed>) -> Arc<ConnectionEngine> {
    Engine::new(wire, Lookout { observed, alarm: Alarm::silent() }, bell)
}
