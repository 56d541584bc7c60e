//! A path on which each packet of a client may be its connection's last, in every way that networks know.
//!
//! The kit's relay does what it is told when it is told; here chance decides, at each packet.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// A path to one server.
#[derive(Debug)]
pub(crate) struct Storm {
    address: SocketAddr,
    rages: Arc<AtomicBool>,
    strikes: Arc<Strikes>,
    door: JoinHandle<()>,
}

/// How often each fault was met.
#[derive(Debug, Default)]
pub(crate) struct Strikes {
    lost_before: AtomicU64,
    answer_lost: AtomicU64,
    late: AtomicU64,
    ghosts: AtomicU64,
    silences: AtomicU64,
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.door.abort();
    }
}

impl Storm {
    /// A storm in which one packet in `one_in` is struck.
    pub(crate) async fn before(server: SocketAddr, one_in: u32, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let rages = Arc::new(AtomicBool::new(true));
        let strikes = Arc::new(Strikes::default());
        let (raging, counting) = (Arc::clone(&rages), Arc::clone(&strikes));
        let mut random = fastrand::Rng::with_seed(seed);
        let door = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else { continue };
                let way = Way {
                    rages: Arc::clone(&raging),
                    strikes: Arc::clone(&counting),
                    random: random.fork(),
                    one_in,
                };
                tokio::spawn(way.carry(client, server));
            }
        });
        Self { address, rages, strikes, door }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From here on the path is good.
    pub(crate) fn calm(&self) {
        self.rages.store(false, Ordering::Relaxed);
    }

    pub(crate) fn print(&self) {
        println!("    struck: {:?}", self.strikes);
    }
}

struct Way {
    rages: Arc<AtomicBool>,
    strikes: Arc<Strikes>,
    random: fastrand::Rng,
    one_in: u32,
}

impl Way {
    async fn carry(mut self, client: TcpStream, server: TcpStream) {
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let (mut from_client, to_client) = client.into_split();
        let (from_server, mut to_server) = server.into_split();
        let answers = tokio::spawn(pump(from_server, to_client));
        let mut packet = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from_client.read(&mut packet).await {
            let struck = self.rages.load(Ordering::Relaxed) && self.random.u32(0..self.one_in) == 0;
            if struck {
                return self.strike(&packet[..length], from_client, to_server, answers).await;
            }
            if to_server.write_all(&packet[..length]).await.is_err() {
                break;
            }
        }
        drop(to_server);
        drop(answers.await);
    }

    /// What becomes of a packet that is struck. Whatever it is, the client hears nothing any more.
    async fn strike(
        &mut self,
        packet: &[u8],
        client: OwnedReadHalf,
        mut server: OwnedWriteHalf,
        answers: JoinHandle<()>,
    ) {
        answers.abort();
        let wait = Duration::from_millis(self.random.u64(20..350));
        match self.random.u32(0..20) {
            // It is lost, and both ends hear of it.
            0..=5 => {
                self.strikes.lost_before.fetch_add(1, Ordering::Relaxed);
            }
            // It arrives, and its answer does not.
            6..=11 => {
                self.strikes.answer_lost.fetch_add(1, Ordering::Relaxed);
                drop(client);
                drop(server.write_all(packet).await);
                // Long enough for the server to read it before it hears of the end.
                sleep(Duration::from_millis(1)).await;
            }
            // The client is told that the connection is over, and the packet arrives some time later.
            12..=16 => {
                self.strikes.late.fetch_add(1, Ordering::Relaxed);
                drop(client);
                sleep(wait).await;
                drop(server.write_all(packet).await);
                sleep(Duration::from_millis(1)).await;
            }
            // The server is told nothing, and keeps its session with all locks.
            17 | 18 => {
                self.strikes.ghosts.fetch_add(1, Ordering::Relaxed);
                drop(client);
                sleep(Duration::from_secs(3)).await;
            }
            // Nobody is told anything.
            _ => {
                self.strikes.silences.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_secs(3)).await;
                drop(client);
            }
        }
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    drop(tokio::io::copy(&mut from, &mut to).await);
}
