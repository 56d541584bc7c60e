//! The listener: open, or not there at all.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::link::Link;
use super::registry::Shared;
use crate::error::Error;

/// Opens or closes the door; answered when that is done.
pub(super) struct Turn {
    pub(super) open: bool,
    pub(super) done: oneshot::Sender<Result<(), Error>>,
}

/// Accepts connections and serves them, until the relay is dropped.
pub(super) async fn keep(shared: Arc<Shared>, addr: SocketAddr, mut turns: mpsc::Receiver<Turn>) {
    let mut listener: Option<TcpListener> = None;
    let mut links = JoinSet::new();
    loop {
        tokio::select! {
            turn = turns.recv() => {
                let Some(Turn { open, done }) = turn else { return };
                let outcome = match (open, listener.take()) {
                    (true, Some(already)) => Ok(Some(already)),
                    (true, None) => bind(addr).map(Some),
                    (false, _) => Ok(None),
                };
                let answer = outcome.map(|now| listener = now);
                // Whoever asked may have lost interest.
                let _nobody_waits = done.send(answer);
            }
            client = accept(listener.as_ref()) => {
                links.spawn(Link::serve(Arc::clone(&shared), client));
            }
            Some(_ended) = links.join_next() => {}
        }
    }
}

fn bind(addr: SocketAddr) -> Result<TcpListener, Error> {
    let bound = StdListener::bind(addr).and_then(|listener| {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    });
    bound.map_err(|cause| Error::system(format_args!("listening on {addr}"), cause))
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((client, _)) => return client,
            // Out of descriptors, most likely: the next try must not take all of the processor.
            Err(_passing) => sleep(Duration::from_millis(10)).await,
        }
    }
}
