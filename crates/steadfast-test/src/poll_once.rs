//! Dropping a future in the middle: what a timeout or a `select!` does to it.

use std::pin::pin;
use std::task::Poll;

/// Polls a future once and drops it, whatever it said.
pub async fn poll_once(future: impl Future) {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        drop(future.as_mut().poll(context));
        Poll::Ready(())
    })
    .await;
}
