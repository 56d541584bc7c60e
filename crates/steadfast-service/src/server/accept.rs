//! Taking connections from the kernel.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;

use steadfast::tasks;
use steadfast::time::{Duration, Instant, sleep};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::app::App;
use crate::connection::serve_connection;
use crate::router::Routers;

/// Pause after an error that is not one connection's own: no descriptors, no memory. Trying again at once
/// would burn a processor and change nothing.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a worker that is saturated leaves a new client to others that are not. Under load the kernel wakes all who wait
/// for a connection, and whoever runs already is the first to take it: one worker would have them all.
const COURTESY: Duration = Duration::from_millis(1);

/// How often such an error is logged while it lasts.
const REMINDER: Duration = Duration::from_secs(10);

/// Whether this process may still take clients. Asked right before each of them: a worker that its master has given up
/// would take them into its grave.
pub(super) type MayAccept = dyn Fn() -> bool + Send + Sync;

/// Accepts for ever, never more connections at the same time than there are slots: the others wait in the
/// kernel. With so many requests as `saturated` it leaves new ones to others first.
pub(super) async fn accept(
    app: &App,
    routers: &Routers,
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    saturated: usize,
    may_accept: &MayAccept,
) {
    let mut logged: Option<Instant> = None;
    // The semaphore is never closed.
    while let Ok(permit) = Arc::clone(slots).acquire_owned().await {
        if app.requests_in_flight() >= saturated {
            sleep(COURTESY).await;
        }
        // Nothing between the question and the system call may wait. Who may not accept any more waits for the end.
        let accepted =
            poll_fn(|context| if may_accept() { listener.poll_accept(context) } else { Poll::Pending });
        match accepted.await {
            Ok((stream, peer)) => {
                let connection = serve_connection(app.clone(), routers.clone(), stream, peer, permit);
                // Ends by itself: it follows the life cycle, and its permit says when it is over.
                drop(tasks::spawn("http connection", connection));
            }
            // The client was gone before it was its turn.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if logged.is_none_or(|at| at.elapsed() > REMINDER) {
                    tracing::error!(%error, "connections cannot be accepted at present; trying on");
                    logged = Some(Instant::now());
                }
                sleep(PAUSE).await;
            }
        }
    }
}

/// Takes those who have connected already and closes the listener. Closing it alone would reset them, and they
/// could not know whether anything of their request was done.
pub(super) fn accept_the_last(
    app: &App,
    routers: &Routers,
    listener: TcpListener,
    slots: &Arc<Semaphore>,
    may_accept: &MayAccept,
) {
    // Asked directly: the runtime may not have heard yet of who came last.
    let listener = match listener.into_std() {
        Ok(listener) => listener,
        Err(error) => return tracing::debug!(%error, "the last clients could not be accepted"),
    };
    while let Ok(permit) = Arc::clone(slots).try_acquire_owned() {
        if !may_accept() {
            return;
        }
        match listener.accept() {
            Ok((stream, peer)) => {
                let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
                let Ok(stream) = stream else { continue };
                let connection = serve_connection(app.clone(), routers.clone(), stream, peer, permit);
                drop(tasks::spawn("http connection", connection));
            }
            Err(error) if is_of_one_connection(&error) => {}
            // Nobody is left.
            Err(_) => return,
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
