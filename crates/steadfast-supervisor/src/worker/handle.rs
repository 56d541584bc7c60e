//! What a worker's work says and asks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;

use crate::hooks::Identity;
use crate::message::{MAX_BLOB_BYTES, Up};
use crate::roster::Roster;
use crate::worker::shared::{OnOrder, Shared};

/// To speak to the master from anywhere in the worker. Cheap to clone; no call waits for the master, except
/// [`fail`](Self::fail).
#[derive(Debug, Clone)]
pub struct WorkerHandle {
    pub(super) shared: Arc<Shared>,
}

/// What the master wants, or has to say. A later one includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Order {
    /// The [`Roster`] has changed.
    Changed,
    /// Others go on with the listener: close it at once, finish what is in flight, and end.
    Retire,
    /// The whole service ends: let balancers know, finish what is in flight, and end. Also when the master has gone.
    Drain,
    /// Drop what is in flight, and end.
    Hurry,
}

impl WorkerHandle {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Which worker it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.shared.who
    }

    /// Tells the master that this worker serves. Another one that it replaces is retired then.
    pub fn ready(&self) {
        self.shared.say(Up::Ready);
    }

    /// Tells the master that this worker ends, for whatever reason, and needs a replacement. Not needed when it was the
    /// master who ordered it.
    pub fn draining(&self) {
        self.shared.say(Up::Draining);
    }

    /// Tells the master why this worker is about to end badly. Waits until it is on its way.
    pub fn fail(&self, reason: impl Into<String>) {
        self.shared.send_now(&Up::Failed { reason: reason.into() });
    }

    /// Whether this worker may take another client. To be asked right before each `accept`, also before those of clients
    /// that wait when the listener is about to be closed. The listener must not block: who sleeps inside `accept` is past
    /// the question.
    ///
    /// Once it is false it stays so: the master has given this worker up, or somebody has sent it SIGABRT, and its process
    /// is about to end. Whoever it does not take is taken by another worker. It costs one system call.
    ///
    /// ```no_run
    /// use std::{future::poll_fn, io, net::SocketAddr, task::Poll};
    /// use steadfast_supervisor::WorkerHandle;
    /// use tokio::net::{TcpListener, TcpStream};
    ///
    /// async fn accept(listener: &TcpListener, worker: &WorkerHandle) -> io::Result<(TcpStream, SocketAddr)> {
    ///     poll_fn(|context| {
    ///         if worker.may_accept() { listener.poll_accept(context) } else { Poll::Pending }
    ///     })
    ///     .await
    /// }
    /// ```
    #[must_use]
    pub fn may_accept(&self) -> bool {
        !self.shared.aborted.load(Ordering::SeqCst) && self.shared.licence.holds()
    }

    /// Lets all workers know something about this one: the latest value under this name is in every worker's
    /// [`Roster`] soon after. At most 16 names, and 64 KiB for each as JSON; more is refused, with a line in the log.
    pub fn publish(&self, name: &str, value: Value) {
        if value.to_string().len() > MAX_BLOB_BYTES {
            return tracing::warn!(name, limit = MAX_BLOB_BYTES, "what shall be published is too long");
        }
        self.shared.outbox.lock().blobs.insert(name.to_owned(), value);
        self.shared.wake.notify_one();
    }

    /// All workers of this master and what they have published, as far as this one has been told.
    #[must_use]
    pub fn roster(&self) -> Roster {
        let known = self.shared.known.lock();
        let mut roster = known.roster.clone();
        for worker in &mut roster.workers {
            let of_worker =
                known.blobs.iter().filter(|((incarnation, _), _)| *incarnation == worker.incarnation);
            worker.blobs = of_worker.map(|((_, name), value)| (name.clone(), value.clone())).collect();
        }
        roster
    }

    /// Has this called with every order, on a thread that must not be held up. What was ordered before is told at once.
    /// An order may come more than once.
    pub fn on_order(&self, obey: impl Fn(Order) + Send + Sync + 'static) {
        self.shared.on_order(&(Arc::new(obey) as OnOrder));
    }
}
