//! What can go wrong before anything runs.

use std::io;
use std::net::SocketAddr;

/// Why a master or a worker could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SupervisorError {
    /// The address could not be had.
    #[error("cannot listen on {address}: {source}; end what listens there, or choose another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The parent is a master, but what it said could not be understood.
    #[error(
        "the master's greeting could not be read: {0}; the program on disk may be of another version than the \
             one that runs: replace it as a whole (SIGUSR2)"
    )]
    Greeting(#[source] io::Error),
    /// The system refused what every master needs.
    #[error("the system refused {what}: {source}; it may be out of descriptors or memory")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
}

impl SupervisorError {
    /// For `map_err`.
    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}
