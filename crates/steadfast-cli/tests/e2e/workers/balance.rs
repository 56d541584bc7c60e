//! One worker takes all clients, and they wait for its connections while another has some to spare.

use std::sync::Arc;

use super::support::{two_workers, workers};
use crate::support::SOON;
use crate::support::client::create;
use crate::support::locker::Locker;
use steadfast_test::eventually;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_worker_without_a_free_connection_leaves_clients_to_others() {
    let (postgres, service) = two_workers(&[]).await;
    let locker = Locker::take(&Arc::clone(&postgres)).await;
    let all = workers(service.client).await;
    let (mut streams, mut counts) = (Vec::new(), Vec::new());
    // Clients go on coming until both are at work; they wait, so the first worker is saturated after fifteen of them.
    eventually("both have work in the server", SOON, async || {
        let mut stream = TcpStream::connect(service.client.address).await.unwrap();
        stream.write_all(&create(&format!("even-{}", streams.len()))).await.unwrap();
        streams.push(stream);
        counts.clear();
        for worker in &all {
            counts.push(postgres.backends(&worker.tag).await.active);
        }
        counts.iter().all(|count| *count >= 8)
    })
    .await;
    let sent = streams.len();
    println!(
        "measured: {sent} requests that wait in the server, 15 connections for each of two workers: {counts:?}"
    );
    locker.release().await;
}
