//! How a master comes to its listeners.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::SupervisorError;
use crate::frame::Decoder;
use crate::link::{Link, MAX_LISTENERS};
use crate::message::Welcome;
use crate::systemd::Systemd;

/// What a master begins with: nothing, or what another one hands over.
#[derive(Debug)]
pub struct Start {
    /// The master before this one.
    pub(super) parent: Option<Link>,
    /// How many workers that one had.
    pub(super) workers: Option<usize>,
    pub(super) listeners: Vec<TcpListener>,
    /// Handed over, and not asked for yet.
    pub(super) inherited: Vec<TcpListener>,
    /// Nobody looked yet whether systemd has handed something over.
    is_unasked: bool,
}

impl Start {
    pub(crate) const fn first() -> Self {
        Self { parent: None, workers: None, listeners: Vec::new(), inherited: Vec::new(), is_unasked: true }
    }

    pub(crate) fn successor(
        stream: UnixStream,
        decoder: Decoder,
        welcome: &Welcome,
        descriptors: Vec<OwnedFd>,
    ) -> Result<Self, SupervisorError> {
        let link =
            Link::resume(stream, decoder).map_err(SupervisorError::system("the way to the old master"))?;
        let inherited = descriptors.into_iter().map(TcpListener::from).collect();
        Ok(Self {
            parent: Some(link),
            workers: Some(welcome.workers),
            listeners: Vec::new(),
            inherited,
            is_unasked: false,
        })
    }

    /// Whether another master hands over to this one.
    #[must_use]
    pub const fn is_successor(&self) -> bool {
        self.parent.is_some()
    }

    /// Listens on this address, for all workers. `backlog` connections wait in the kernel until a worker takes them. A
    /// successor takes over what its predecessor has, in the same order, whatever the address says; and the first master
    /// what systemd has made for it (`LISTEN_FDS`).
    ///
    /// # Errors
    /// When the address cannot be had, there are more than 16, or what systemd has handed over is none for TCP.
    pub fn listen(&mut self, address: SocketAddr, backlog: u32) -> Result<SocketAddr, SupervisorError> {
        let mut listen = || {
            if std::mem::take(&mut self.is_unasked) {
                self.inherited = Systemd::listeners()?;
            }
            if !self.inherited.is_empty() {
                return Ok(self.inherited.remove(0));
            }
            if self.listeners.len() >= MAX_LISTENERS {
                return Err(std::io::Error::other("there are 16 listeners already"));
            }
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
            // A restart need not wait for the last connections of the process before it.
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
            Ok(TcpListener::from(socket))
        };
        let listener = listen().map_err(|source| SupervisorError::Listen { address, source })?;
        let address = listener.local_addr().map_err(|source| SupervisorError::Listen { address, source })?;
        self.listeners.push(listener);
        Ok(address)
    }

    pub(super) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.listeners.iter().map(|listener| listener.as_fd()).collect()
    }
}
