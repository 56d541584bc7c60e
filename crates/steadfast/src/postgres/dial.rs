//! From a host name to an open socket.

use std::io;
use std::net::{IpAddr, SocketAddr};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

use crate::config::SocketOptions;
use crate::error::Fault;
use crate::time::{Duration, sleep};
use crate::verdict::{Class, Step};

use super::fault::{from_io, plain};
use super::progress::Progress;
use super::socket;
use super::transport::Transport;

/// How long one address may stay silent before the next is tried beside it (RFC 8305 recommends 250 ms).
const HEAD_START: Duration = Duration::from_millis(250);

/// A way to a server that has worked, so that a cancel request can take the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

/// Opens a socket to a host: by name, by address, or in a directory of Unix sockets.
pub(super) async fn dial(
    host: &str,
    port: u16,
    options: &SocketOptions,
    progress: &Progress,
) -> Result<(Transport, Way), Fault> {
    #[cfg(unix)]
    if is_directory(host) {
        let way = Way::Unix(std::path::Path::new(host).join(format!(".s.PGSQL.{port}")));
        return Ok((dial_way(&way, options, progress).await?, way));
    }
    let addresses = resolve(host, port, progress).await?;
    progress.at(Step::Dial, format!("connecting to {host}:{port}"));
    let (stream, address) = race(&addresses, options).await.map_err(|failures| {
        let tried: Vec<String> =
            failures.iter().map(|(address, error)| format!("{address}: {}", plain(error))).collect();
        let error =
            failures.into_iter().next().map_or_else(|| io::ErrorKind::NotFound.into(), |(_, error)| error);
        let what = match tried.as_slice() {
            // The error that follows says it all.
            [_only] => format!("cannot connect to {host}:{port}"),
            all => format!("cannot connect to {host}:{port} (tried {})", all.join("; ")),
        };
        from_io(error, Step::Dial, &what)
    })?;
    Ok((Transport::Tcp(stream), Way::Tcp(address)))
}

/// Opens a socket on a known way.
pub(super) async fn dial_way(
    way: &Way,
    options: &SocketOptions,
    progress: &Progress,
) -> Result<Transport, Fault> {
    match way {
        Way::Tcp(address) => {
            progress.at(Step::Dial, format!("connecting to {address}"));
            let stream = socket::connect(*address, options).await;
            stream
                .map(Transport::Tcp)
                .map_err(|error| from_io(error, Step::Dial, &format!("cannot connect to {address}")))
        }
        #[cfg(unix)]
        Way::Unix(path) => {
            progress.at(Step::Dial, format!("connecting to the socket {}", path.display()));
            let stream = tokio::net::UnixStream::connect(path).await;
            stream.map(Transport::Unix).map_err(|error| {
                from_io(error, Step::Dial, &format!("cannot connect to the socket {}", path.display()))
            })
        }
    }
}

/// True for what libpq takes for a directory of Unix sockets.
pub(super) fn is_directory(host: &str) -> bool {
    cfg!(unix) && host.starts_with('/')
}

async fn resolve(host: &str, port: u16, progress: &Progress) -> Result<Vec<SocketAddr>, Fault> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    progress.at(Step::Resolve, format!("resolving {host}"));
    let unknown = |why: String| {
        Fault::new(Class::Unreachable, Step::Resolve, format!("the host name {host} has no address: {why}"))
            .with_remedy(
                "check its spelling; a platform's private names work only inside its network, and not while building",
            )
    };
    let found = tokio::net::lookup_host((host, port)).await.map_err(|error| {
        let why = error.to_string();
        unknown(why.rsplit(": ").next().unwrap_or_default().to_owned()).with_source(error)
    })?;
    let addresses = interleave(found);
    if addresses.is_empty() { Err(unknown("the answer was empty".to_owned())) } else { Ok(addresses) }
}

/// Alternates the families, beginning with the one that the resolver prefers.
fn interleave(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut all: Vec<SocketAddr> = Vec::new();
    for address in addresses {
        if !all.contains(&address) {
            all.push(address);
        }
    }
    let Some(first) = all.first().map(SocketAddr::is_ipv6) else {
        return all;
    };
    let (preferred, other): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|address| address.is_ipv6() == first);
    let mut other = other.into_iter();
    let mut order = Vec::new();
    for address in preferred {
        order.push(address);
        order.extend(other.next());
    }
    order.extend(other);
    order
}

/// Tries the addresses in order, each a head start after the one before it or at once when that one fails.
/// The first to connect wins. Dropping it closes the others.
async fn race(
    addresses: &[SocketAddr],
    options: &SocketOptions,
) -> Result<(TcpStream, SocketAddr), Vec<(SocketAddr, io::Error)>> {
    let mut waiting = addresses.iter();
    let mut running = FuturesUnordered::new();
    let mut failures = Vec::new();
    loop {
        if let Some(&address) = waiting.next() {
            running.push(async move { (address, socket::connect(address, options).await) });
        } else if running.is_empty() {
            return Err(failures);
        }
        tokio::select! {
            biased;
            Some((address, outcome)) = running.next() => match outcome {
                Ok(stream) => return Ok((stream, address)),
                Err(error) => failures.push((address, error)),
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
}

#[cfg(test)]
mod tests;
