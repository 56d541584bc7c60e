//! A worker's side: what its master says, what it says to its master.

mod abort;
mod channel;
mod handle;
mod pulse;
mod shared;
#[cfg(feature = "tokio")]
mod tokio_runtime;

pub use handle::{Order, WorkerHandle};

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc;

use crate::clock::Duration;
use crate::error::SupervisorError;
use crate::frame::Decoder;
use crate::hooks::{Hooks, Identity, guarded};
use crate::licence::Licence;
use crate::message::{Up, Welcome};
use crate::worker::shared::Shared;

/// This process, when it is a worker.
#[derive(Debug)]
pub struct Worker {
    shared: Arc<Shared>,
    listeners: Vec<TcpListener>,
    /// For the channel's thread, until that is there.
    reader: Option<(UnixStream, Decoder)>,
}

/// `EX_SOFTWARE` of `sysexits.h`.
const EXIT_HOOK_FAILED: u8 = 70;

/// How long `worker_exit` may take.
const EXIT_HOOK: Duration = Duration::from_secs(5);

impl Worker {
    pub(crate) fn new(
        stream: UnixStream,
        decoder: Decoder,
        welcome: &Welcome,
        licence: Licence,
        descriptors: Vec<OwnedFd>,
    ) -> Result<Self, SupervisorError> {
        let writer = stream.try_clone().map_err(SupervisorError::system("a second descriptor"))?;
        let shared = Arc::new(Shared::new(welcome, writer, licence));
        let listeners = descriptors.into_iter().map(TcpListener::from).collect();
        Ok(Self { shared, listeners, reader: Some((stream, decoder)) })
    }

    /// Which worker it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.shared.who
    }

    /// Its name among all workers of all masters, at most 63 printable ASCII characters: made for PostgreSQL's
    /// `application_name`.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.shared.who.tag
    }

    /// What the tags of all workers of this master contain, and no others.
    #[must_use]
    pub fn family(&self) -> &str {
        &self.shared.master
    }

    /// The listeners, in the order in which the master has them. They are shared with all other workers; each
    /// connection goes to one of them. They do not block (`O_NONBLOCK`) if the master made them so, which
    /// [`Start::listen`](crate::Start::listen) does not. Before each client [`WorkerHandle::may_accept`] is to be asked. The
    /// second call gives none.
    pub fn listeners(&mut self) -> Vec<TcpListener> {
        std::mem::take(&mut self.listeners)
    }

    /// To speak to the master from anywhere.
    #[must_use]
    pub fn handle(&self) -> WorkerHandle {
        WorkerHandle::new(Arc::clone(&self.shared))
    }

    /// Does the work of this worker, with its hooks before and after. To be returned from `main`.
    ///
    /// It starts three small threads, which never run code of the work: one hears the master, one speaks to it, one
    /// waits for signals. The work must begin whatever runtime it needs, call [`WorkerHandle::ready`] when it serves,
    /// report its progress ([`WorkerHandle::watch_tokio`]), ask before it takes a client, and end when it is told to ([`WorkerHandle::on_order`]).
    pub fn run(mut self, hooks: &Hooks, work: impl FnOnce(&mut Self) -> ExitCode) -> ExitCode {
        if let Err(error) = self.start_threads(hooks) {
            return self.give_up(&format!("threads cannot be started: {error}"));
        }
        if let Err(reason) = hooks.run_post_spawn(&self.shared.who) {
            return self.give_up(&reason);
        }
        let exit = guarded(|| work(&mut self));
        // Whatever the runtime does from here on is not watched: it has ended.
        self.shared.stop_watching();
        let exit = match exit {
            Ok(exit) => exit,
            Err(panic) => self.give_up(&format!("bug: the worker panicked: {panic}")),
        };
        self.run_exit_hook(hooks);
        self.shared.flush();
        exit
    }

    fn start_threads(&mut self, hooks: &Hooks) -> std::io::Result<()> {
        if let Some((stream, decoder)) = self.reader.take() {
            abort::start(Arc::clone(&self.shared), hooks.clone())?;
            pulse::start(Arc::clone(&self.shared))?;
            channel::start(Arc::clone(&self.shared), stream, decoder)?;
        }
        Ok(())
    }

    fn give_up(&self, reason: &str) -> ExitCode {
        tracing::error!(reason, "this worker ends");
        self.shared.send_now(&Up::Failed { reason: reason.to_owned() });
        ExitCode::from(EXIT_HOOK_FAILED)
    }

    /// On a thread of its own, so that one that hangs does not keep the process.
    fn run_exit_hook(&self, hooks: &Hooks) {
        if !hooks.has_worker_exit() {
            return;
        }
        let (done, finished) = mpsc::channel();
        let (hooks, shared) = (hooks.clone(), Arc::clone(&self.shared));
        let thread = std::thread::Builder::new().name("worker_exit".to_owned()).spawn(move || {
            hooks.run_worker_exit(&shared.who);
            let _nobody_waits = done.send(());
        });
        if thread.is_err() || finished.recv_timeout(EXIT_HOOK).is_err() {
            tracing::error!(limit_s = EXIT_HOOK.as_secs(), "the hook worker_exit has not ended; leaving it");
        }
    }
}
