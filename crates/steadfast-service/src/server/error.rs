//! Why a service could not begin.

use std::io;
use std::net::SocketAddr;

/// Why a service could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address could not be had.
    #[error("cannot listen on {address}: {source}; {}", remedy(source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The listener that was handed over cannot be used.
    #[error("the listener that was handed over cannot be used: {0}")]
    Adopt(#[source] io::Error),
    /// The system does not let the process hear signals.
    #[error("cannot listen for SIGTERM and SIGINT: {0}")]
    Signals(#[source] io::Error),
}

fn remedy(error: &io::Error) -> &'static str {
    let kind = error.kind();
    if kind == io::ErrorKind::AddrInUse {
        "another process has it: end that one, or choose another port (--listen or PORT)"
    } else if kind == io::ErrorKind::AddrNotAvailable {
        "this machine does not have that address: use 127.0.0.1, or 0.0.0.0 for all of its addresses"
    } else if kind == io::ErrorKind::PermissionDenied {
        "ports below 1024 are for privileged processes: choose another one"
    } else {
        "choose another address (--listen, or HOST and PORT)"
    }
}
