//! The ways to be rid of a socket.

use std::time::Duration;

use socket2::SockRef;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// Reads and forgets, until the other side closes by itself.
pub(super) async fn drain(stream: &mut Option<TcpStream>) {
    let Some(open) = stream else { return };
    let mut buffer = vec![0; 4096];
    while matches!(open.read(&mut buffer).await, Ok(1..)) {}
    *stream = None;
}

/// Closes in order. What was received and not read would turn the close into a reset, so it is read first.
#[expect(clippy::needless_pass_by_value, reason = "whoever closes a socket has it no longer")]
pub(super) fn close(stream: TcpStream) {
    let _gone = SockRef::from(&stream).shutdown(std::net::Shutdown::Write);
    let mut buffer = [0; 4096];
    while matches!(stream.try_read(&mut buffer), Ok(1..)) {}
}

/// Closes by RST: with a linger time of zero the kernel throws away what it has and resets.
pub(super) fn reset(stream: TcpStream) {
    let _gone = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    drop(stream);
}

/// Tells the other side that nothing more will come, and keeps the socket.
pub(super) fn half_close(stream: &TcpStream) {
    let _gone = SockRef::from(stream).shutdown(std::net::Shutdown::Write);
}
