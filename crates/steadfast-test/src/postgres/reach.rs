//! Whether a server lets clients in: the beginning of a log-in, and nothing more.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const WITHIN: Duration = Duration::from_secs(1);
/// Version 3.0 of the protocol, and the role and database that every server has.
const STARTUP: &[u8] = b"\0\x03\0\0user\0steadfast\0database\0steadfast\0\0";

/// One try: true when the server answers a start-up message by a question for, or acceptance of, credentials.
pub(crate) async fn accepts(addr: SocketAddr) -> bool {
    timeout(WITHIN, ask(addr)).await.is_ok_and(|answer| answer.is_ok_and(|tag| tag == b'R'))
}

async fn ask(addr: SocketAddr) -> std::io::Result<u8> {
    let mut stream = TcpStream::connect(addr).await?;
    let length = u32::try_from(STARTUP.len() + 4).unwrap_or_default();
    stream.write_all(&[&length.to_be_bytes(), STARTUP].concat()).await?;
    stream.read_u8().await
}
