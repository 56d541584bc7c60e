//! A relay on the loopback address, for drills: it keeps the first callers waiting for a server, or loses an answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use steadfast::tasks::spawn;
use steadfast::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinHandle;

use super::hosts::Place;

/// A relay. Dropping it closes everything.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    listener: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Callers are hung up on until then.
    opens_at: Option<Instant>,
    /// The next answer of the server ends its connection instead of being passed on.
    lose_next: AtomicBool,
    lost: AtomicU32,
}

impl Relay {
    /// A relay that is open from the beginning.
    pub(crate) async fn to(place: Place) -> std::io::Result<Self> {
        Self::start(place, None).await
    }

    /// A relay that hangs up on everybody for a while.
    pub(crate) async fn closed_for(place: Place, closed: Duration) -> std::io::Result<Self> {
        Self::start(place, Some(Instant::now() + closed)).await
    }

    async fn start(place: Place, opens_at: Option<Instant>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State { opens_at, ..State::default() });
        let serving = Arc::clone(&state);
        let listener = spawn("drill relay", async move {
            // They end with the set, which ends with this task.
            let mut links = tokio::task::JoinSet::new();
            loop {
                let Ok((client, _)) = listener.accept().await else { return };
                if serving.opens_at.is_some_and(|opens| Instant::now() < opens) {
                    drop(client);
                    continue;
                }
                links.spawn(link(client, place.clone(), Arc::clone(&serving)));
                while links.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, state, listener })
    }

    /// From now on: what the server says next is lost, and its connection with it.
    pub(crate) fn lose_next_answer(&self) {
        self.state.lose_next.store(true, Ordering::Release);
    }

    /// How many answers were lost.
    pub(crate) fn lost(&self) -> u32 {
        self.state.lost.load(Ordering::Acquire)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn link(client: TcpStream, place: Place, state: Arc<State>) {
    // Either end may break off at any time; that is what a relay is for.
    match place {
        Place::Tcp(address) => {
            if let Ok(server) = TcpStream::connect(address).await {
                drop(server.set_nodelay(true));
                pass(client, server.into_split(), &state).await;
            }
        }
        Place::Unix(path) => {
            if let Ok(server) = UnixStream::connect(path).await {
                pass(client, server.into_split(), &state).await;
            }
        }
    }
}

async fn pass<R, W>(client: TcpStream, (mut answers, mut requests): (R, W), state: &State)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    drop(client.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let forth = tokio::io::copy(&mut from_client, &mut requests);
    let back = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match answers.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) if state.lose_next.swap(false, Ordering::AcqRel) => {
                    state.lost.fetch_add(1, Ordering::AcqRel);
                    return;
                }
                Ok(read) => {
                    let bytes = buffer.get(..read).unwrap_or_default();
                    if to_client.write_all(bytes).await.is_err() {
                        return;
                    }
                }
            }
        }
    };
    tokio::select! {
        _ = forth => {}
        () = back => {}
    }
}
