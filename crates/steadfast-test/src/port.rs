//! Ports that stay ours while nobody listens on them.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::error::Error;
use crate::workspace;

/// The lowest port that is handed out.
const LOWEST: u16 = 10_240;
/// How many ports are tried before giving up: with hundreds of tests at once, most are still free.
const TRIES: usize = 200;

/// A port on 127.0.0.1 that no other test of this machine gets, until it is dropped.
///
/// It lies below the system's range for outgoing connections. A port inside that range can be taken by any
/// outgoing connection while its server is down; worse, a client that keeps trying to connect to it will one
/// day be given that same port as its own, and be connected to itself.
#[derive(Debug)]
pub(crate) struct ReservedPort {
    number: u16,
    /// Locked as long as it is open; the kernel closes it with the process.
    _lock: File,
}

impl ReservedPort {
    pub(crate) fn choose() -> Result<Self, Error> {
        let directory = workspace::shared()?.join("ports");
        std::fs::create_dir_all(&directory)
            .map_err(|cause| Error::system(format_args!("creating {}", directory.display()), cause))?;
        let above = first_outgoing_port().max(LOWEST + 1000);
        for _ in 0..TRIES {
            let number = fastrand::u16(LOWEST..above);
            let path = directory.join(number.to_string());
            let lock = File::options().create(true).append(true).open(&path);
            let lock =
                lock.map_err(|cause| Error::system(format_args!("opening {}", path.display()), cause))?;
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        Err(Error::new(format!("no free port on 127.0.0.1 among {TRIES} between {LOWEST} and {above}")))
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}

/// Where the range of outgoing connections begins: 32768 on Linux unless set otherwise, 49152 elsewhere.
fn first_outgoing_port() -> u16 {
    std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .unwrap_or(32_768)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_free_and_nobody_else_gets_it() {
        let ports: Vec<_> = (0..50).map(|_| ReservedPort::choose().unwrap()).collect();
        let mut numbers: Vec<_> = ports.iter().map(ReservedPort::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 50);
        for port in &ports {
            TcpListener::bind(port.address()).unwrap();
        }
    }
}
