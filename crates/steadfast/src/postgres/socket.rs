//! TCP sockets with the options that make a dead path known.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::net::{TcpSocket, TcpStream};

use crate::config::SocketOptions;

/// Connects to an address. The options are set before the first packet, so that they hold for the connect too.
pub(super) async fn connect(address: SocketAddr, options: &SocketOptions) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    configure(&socket, options)?;
    TcpSocket::from_std_stream(socket.into()).connect(address).await
}

fn configure(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    if options.keepalives {
        let keepalive = TcpKeepalive::new()
            .with_time(options.keepalives_idle)
            .with_interval(options.keepalives_interval)
            .with_retries(options.keepalives_count);
        socket.set_tcp_keepalive(&keepalive)?;
    } else {
        socket.set_keepalive(false)?;
    }
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
    socket.set_tcp_user_timeout(options.tcp_user_timeout)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use socket2::SockRef;

    use super::*;
    use crate::time::Duration;

    #[tokio::test]
    async fn every_option_reaches_the_socket() {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let options = SocketOptions::default();
        let stream = connect(listener.local_addr().unwrap(), &options).await.unwrap();
        let socket = SockRef::from(&stream);
        assert!(stream.nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(20));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(10));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 5);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(10)));
    }

    #[tokio::test]
    async fn keepalives_can_be_switched_off() {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let options = SocketOptions { keepalives: false, ..SocketOptions::default() };
        let stream = connect(listener.local_addr().unwrap(), &options).await.unwrap();
        assert!(!SockRef::from(&stream).keepalive().unwrap());
    }
}
