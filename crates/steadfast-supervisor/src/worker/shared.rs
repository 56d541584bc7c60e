//! What a worker's threads share.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::{Condvar, Mutex};
use serde_json::Value;

use crate::clock::Duration;
use crate::frame::encode;
use crate::hooks::{Identity, guarded};
use crate::licence::Licence;
use crate::message::{Beat, Up, Welcome};
use crate::roster::Roster;
use crate::worker::Order;

/// What a worker's threads share. No lock is held while another is taken, nor while anything is waited for, but
/// `writer`: that one is held while the master reads slowly, and nobody takes it who must not wait.
pub(crate) struct Shared {
    pub(crate) who: Identity,
    pub(crate) master: String,
    pub(super) beat: Duration,
    pub(super) drain: Duration,
    pub(super) licence: Licence,
    /// Set inside the handler of SIGABRT, whoever has sent it.
    pub(super) aborted: Arc<AtomicBool>,
    writer: Mutex<UnixStream>,
    pub(super) outbox: Mutex<Outbox>,
    /// Something was put into the outbox.
    pub(super) wake: Condvar,
    pub(super) known: Mutex<Known>,
    orders: Mutex<Orders>,
    sampler: Mutex<Option<Sampler>>,
}

/// Asks a runtime for its progress.
pub(super) type Sampler = Arc<dyn Fn() -> Beat + Send + Sync>;

pub(super) type OnOrder = Arc<dyn Fn(Order) + Send + Sync>;

/// What is to be said to the master.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub(super) urgent: Vec<Up>,
    /// The latest of each name.
    pub(super) blobs: BTreeMap<String, Value>,
}

/// What the master has told of all workers.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) roster: Roster,
    pub(super) blobs: BTreeMap<(u64, String), Value>,
}

/// What was ordered so far, and who wants to know.
#[derive(Default)]
struct Orders {
    given: Option<Order>,
    listeners: Vec<OnOrder>,
}

impl Shared {
    pub(super) fn new(welcome: &Welcome, writer: UnixStream, licence: Licence) -> Self {
        let who = Identity {
            number: welcome.number,
            incarnation: welcome.incarnation,
            tag: welcome.tag.clone(),
            pid: std::process::id(),
        };
        Self {
            who,
            master: welcome.master.clone(),
            beat: Duration::from_millis(welcome.beat_ms.max(1)),
            drain: Duration::from_millis(welcome.drain_ms),
            licence,
            aborted: Arc::default(),
            writer: Mutex::new(writer),
            outbox: Mutex::default(),
            wake: Condvar::new(),
            known: Mutex::default(),
            orders: Mutex::default(),
            sampler: Mutex::default(),
        }
    }

    /// Leaves a message for the thread that speaks.
    pub(super) fn say(&self, message: Up) {
        self.outbox.lock().urgent.push(message);
        self.wake.notify_one();
    }

    /// Says it from here. May wait for the master to read.
    pub(super) fn send_now(&self, message: &Up) {
        self.write(&mut self.writer.lock(), message);
    }

    /// Says it from here if nobody else is in the middle of a sentence for longer than this.
    pub(super) fn send_within(&self, message: &Up, patience: Duration) -> bool {
        self.writer.try_lock_for(patience).is_some_and(|mut writer| self.write(&mut writer, message))
    }

    /// Says everything that is left to say.
    pub(super) fn flush(&self) {
        let outbox = std::mem::take(&mut *self.outbox.lock());
        outbox.urgent.iter().for_each(|message| self.send_now(message));
    }

    fn write(&self, writer: &mut UnixStream, message: &Up) -> bool {
        // When the master has gone the channel's thread sees that, and does what is to be done.
        encode(message).and_then(|bytes| writer.write_all(&bytes)).is_ok()
    }

    /// Tells everybody who wants to know, and keeps it for those who come later.
    pub(super) fn order(&self, order: Order) {
        let listeners = {
            let mut orders = self.orders.lock();
            if order != Order::Changed {
                orders.given = orders.given.max(Some(order));
            }
            orders.listeners.clone()
        };
        for listener in listeners {
            if let Err(panic) = guarded(|| listener(order)) {
                tracing::error!(panic, ?order, "bug: what was to obey the master panicked");
            }
        }
    }

    pub(super) fn on_order(&self, listener: &OnOrder) {
        let given = {
            let mut orders = self.orders.lock();
            orders.listeners.push(Arc::clone(listener));
            orders.given
        };
        if let Some(order) = given {
            listener(order);
        }
    }

    pub(super) fn watch(&self, sampler: Sampler) {
        *self.sampler.lock() = Some(sampler);
    }

    pub(super) fn stop_watching(&self) {
        *self.sampler.lock() = None;
    }

    /// The progress of the runtime now.
    pub(super) fn sample(&self) -> Beat {
        let sampler = self.sampler.lock().clone();
        sampler.map_or_else(Beat::default, |sampler| sampler())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("who", &self.who).finish_non_exhaustive()
    }
}
