//! One client connection.

use std::convert::Infallible;
use std::iter;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::ConnectInfo;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::HeaderValue;
use http::header::CONNECTION;
use hyper::body::Incoming;
use hyper::rt::{Sleep, Timer};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use steadfast::time::{Duration, Instant, kept, sleep};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tower::Service as _;

use crate::app::App;
use crate::lifecycle::{Lifecycle, Phase};
use crate::router::Routers;
use crate::stall::StallGuard;

/// More headers than any proxy adds.
const MAX_HEADERS: usize = 100;

/// Between the end of accepting and the end of idle connections: a request that is on its way already, or
/// lies unread in the socket of a connection that was accepted last, is answered instead of cut off.
const GRACE: Duration = Duration::from_millis(100);

/// The same for a connection that has not brought a request yet. A client that was let in is about to send one, a round
/// trip later and whenever it gets a processor; and nobody tries again what failed on a fresh connection. More than
/// any round trip takes; so long does a connection that was made in advance hold up the end.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// Serves one connection until the client closes it, the service drains and nothing is in flight on it, or the
/// service ends. `permit` is given back when it is over, and by that the server knows.
pub(crate) fn serve_connection(
    app: App,
    routers: Routers,
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
) -> impl Future<Output = ()> {
    kept::keeping_timers(serve(app, routers, stream, peer, permit))
}

async fn serve(
    app: App,
    routers: Routers,
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let (life, begun) = (app.lifecycle(), AtomicBool::new(false));
    let service = service_fn(|request: http::Request<Incoming>| {
        begun.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = routers.here().call(request);
        async move {
            let mut response = answer.await?;
            // The client's next request goes to a service that stays.
            if life.phase() >= Phase::Draining {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut protocol = http1::Builder::new();
    protocol
        .timer(KeptTimer)
        .header_read_timeout(app.settings().head_timeout)
        .max_buf_size(app.settings().head_limit_bytes)
        .max_headers(MAX_HEADERS);
    let mut serving = pin!(protocol.serve_connection(TokioIo::new(StallGuard::new(stream)), service));
    // Looked at when it was woken, not with each request: that asks at a lock which all connections share.
    let mut closing: FuturesUnordered<_> = iter::once(grace(life, &begun)).collect();
    let served = tokio::select! {
        served = serving.as_mut() => Some(served),
        Some(()) = closing.next() => {
            // Ends an idle connection at once, and one in use after its answer.
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                served = serving.as_mut() => Some(served),
                // Dropping the connection drops its handler, and the library rolls back.
                () = life.reached(Phase::Ending) => None,
            }
        }
    };
    match served {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(%error, "a client connection ended badly"),
        None => tracing::debug!("a client connection was cut: the time to drain is over"),
    }
    drop(permit);
}

async fn grace(life: &Lifecycle, begun: &AtomicBool) {
    life.reached(Phase::Closing).await;
    sleep(GRACE).await;
    if !begun.load(Ordering::Relaxed) {
        sleep(FIRST_REQUEST - GRACE).await;
    }
}

/// Timers for hyper that the connection's task keeps: it sets one for the head of each request.
#[derive(Debug)]
struct KeptTimer;

struct KeptSleep(kept::Timer);

#[expect(clippy::disallowed_types, reason = "hyper's trait names the standard one; the time is tokio's")]
impl Timer for KeptTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(KeptSleep(kept::Timer::at(Instant::now() + duration)))
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(KeptSleep(kept::Timer::at(deadline.into())))
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into()
    }
}

impl Future for KeptSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl Sleep for KeptSleep {}
