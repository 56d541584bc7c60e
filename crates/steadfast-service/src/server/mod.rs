//! From a listener to the last answer.

mod accept;
mod error;
mod shutdown;
mod worker;

pub use error::ServeError;
pub use shutdown::Shutdown;
pub use worker::serve_as_worker;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use steadfast::tasks;
use steadfast::time::{Duration, Instant, sleep, timeout};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;

use crate::app::App;
use crate::descriptors::connections_within_limit;
use crate::lifecycle::Phase;
use crate::pruning;
use crate::router::Routers;
use crate::server::accept::MayAccept;
use crate::signals::Signals;
use crate::startup;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 1024;

/// How long saying goodbye to the database may take, after the last request.
const CLOSE: Duration = Duration::from_secs(2);

/// Listens, and serves until SIGTERM or SIGINT; then finishes what is in flight. A second signal drops it. A listener that is
/// there already, such as one that systemd has made, is `inherited`, whatever the settings say.
///
/// `outside` makes the routes that must answer whatever happens to the others (health, metrics); it is given
/// the application, whose life cycle it may follow.
///
/// # Errors
/// When it cannot listen, or cannot hear signals. Never because of the database.
pub async fn serve(
    app: App,
    inherited: Option<std::net::TcpListener>,
    outside: impl FnOnce(&App) -> Router,
) -> Result<(), ServeError> {
    let mut signals = Signals::listen().map_err(ServeError::Signals)?;
    let listening = match inherited {
        Some(listener) => Listening::adopt(app, listener)?,
        None => Listening::bind(app)?,
    };
    tracing::info!("listening on http://{}", listening.address());
    let shutdown = listening.shutdown();
    let routes = outside(listening.app());
    let mut running = std::pin::pin!(listening.run(routes));
    loop {
        tokio::select! {
            () = running.as_mut() => return Ok(()),
            signal = signals.next() => {
                tracing::info!(signal, "asked to end");
                shutdown.ask();
            }
        }
    }
}

/// A service that has its address and does not yet answer.
#[derive(Debug)]
pub struct Listening {
    app: App,
    listener: TcpListener,
    address: SocketAddr,
}

impl Listening {
    /// Takes the address. Clients can connect from now on; they are answered once [`run`](Self::run) is called.
    ///
    /// # Errors
    /// Says why the address cannot be had, and what to do.
    pub fn bind(app: App) -> Result<Self, ServeError> {
        let wanted = app.settings().listen;
        let listen = || {
            let socket = if wanted.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            // A restart need not wait for the last connections of the process before it.
            socket.set_reuseaddr(true)?;
            socket.bind(wanted)?;
            let listener = socket.listen(BACKLOG)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) =
            listen().map_err(|source| ServeError::Listen { address: wanted, source })?;
        Ok(Self { app, listener, address })
    }

    /// Takes a listener that is there already, such as one that several processes share.
    ///
    /// # Errors
    /// When the system refuses to make it one of the runtime's.
    ///
    /// # Panics
    /// When called outside a tokio runtime.
    pub fn adopt(app: App, listener: std::net::TcpListener) -> Result<Self, ServeError> {
        let adopt = || {
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = adopt().map_err(ServeError::Adopt)?;
        Ok(Self { app, listener, address })
    }

    /// Where it listens: the port that the system chose, when the settings left it the choice.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its handlers share.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// A handle that ends it.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        Shutdown::new(self.app.lifecycle().clone())
    }

    /// Answers until it is asked to end, and returns when everything is over and the database is closed.
    ///
    /// # Cancel safety
    /// Dropping it stops accepting; connections that are open are served until their clients close them.
    pub async fn run(self, outside: Router) {
        self.run_when(std::future::ready(()), usize::MAX, &|| true, outside).await;
    }

    /// As [`run`](Self::run), and leaves the clients to others until `open` is over. If that never is, those who wait
    /// are left to them as well. With so many requests as `saturated` it leaves new ones to others first.
    /// Once it may not accept it takes nobody any more.
    async fn run_when(
        self,
        open: impl Future<Output = ()>,
        saturated: usize,
        may_accept: &MayAccept,
        outside: Router,
    ) {
        let Self { app, listener, .. } = self;
        let routers = Routers::new(app.clone(), outside);
        let capacity = connections_within_limit(app.settings().max_connections).min(Semaphore::MAX_PERMITS);
        let slots = Arc::new(Semaphore::new(capacity));
        let starting = tasks::spawn("service start", startup::start(app.clone()));
        let pruning = tasks::spawn("pruning", pruning::prune_for_ever(app.clone()));
        let life = app.lifecycle().clone();
        let drained = async {
            life.reached(Phase::Draining).await;
            let delay = app.settings().drain_delay;
            tokio::select! {
                () = sleep(delay) => {}
                () = life.reached(Phase::Closing) => {}
            }
        };
        let mut is_open = false;
        tokio::select! {
            () = drained => {}
            () = async {
                open.await;
                is_open = true;
                accept::accept(&app, &routers, &listener, &slots, saturated, may_accept).await;
            } => {}
        }
        starting.abort();
        pruning.abort();
        // New clients are refused at once instead of waiting for a service that is going away.
        if is_open {
            accept::accept_the_last(&app, &routers, listener, &slots, may_accept);
        } else {
            drop(listener);
        }
        life.advance(Phase::Closing);
        drain(&app, &slots, capacity).await;
        let left = app.database().close(Instant::now() + CLOSE).await;
        tracing::info!(connections_left = left, "ended");
    }
}

/// Waits until all connections have given their slots back, for as long as there is time and nobody hurries.
async fn drain(app: &App, slots: &Arc<Semaphore>, capacity: usize) {
    let open = capacity - slots.available_permits();
    let limit = app.settings().drain_timeout;
    tracing::info!(open, limit_s = limit.as_secs_f64(), "finishing what is in flight");
    // A semaphore counts in u32 when many are taken at once.
    let all = slots.acquire_many(u32::try_from(capacity).unwrap_or(u32::MAX));
    let in_time = tokio::select! {
        result = timeout(limit, all) => result.is_ok(),
        () = app.lifecycle().reached(Phase::Ending) => false,
    };
    if !in_time {
        let open = capacity - slots.available_permits();
        tracing::warn!(open, "not everything was finished in time; dropping the rest");
        app.lifecycle().advance(Phase::Ending);
        // Dropped connections give their slots back as soon as their tasks are polled.
        let all = slots.acquire_many(u32::try_from(capacity).unwrap_or(u32::MAX));
        drop(timeout(CLOSE, all).await);
    }
}
