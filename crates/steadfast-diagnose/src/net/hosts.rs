//! From names to sockets: what the resolver says, and what answers at each address.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use steadfast::config::PostgresOptions;
use steadfast::time::{Instant, timeout};
use tokio::net::{TcpStream, UnixStream};

/// All hosts of a configuration.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    pub(crate) hosts: Vec<Host>,
}

/// One host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) lookup: Lookup,
    pub(crate) doors: Vec<Door>,
}

/// How its addresses were found.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// It is a socket directory.
    Socket,
    /// It is an address already, or `hostaddr` gives one.
    Given,
    /// The resolver gave addresses.
    Found { took: Duration },
    /// The resolver gave none, with what it said.
    Failed { took: Duration, why: String },
    /// The resolver did not answer.
    Silent { after: Duration },
}

/// An address, and what happened when it was called.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) place: Place,
    /// The name that a certificate must be made out to.
    pub(crate) host: String,
    /// How long each successful call took, in order.
    pub(crate) calls: Vec<Duration>,
    /// Our own address in the first of them.
    pub(crate) local: Option<IpAddr>,
    pub(crate) refusal: Option<Refusal>,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Why nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Refused,
    NoRoute,
    Silent(Duration),
    NoSuchSocket,
    Forbidden,
    Other(io::ErrorKind),
}

/// How often each address is called: enough for a median.
const CALLS: usize = 5;
/// What one call may take while it is about finding out who answers.
const CALL: Duration = Duration::from_secs(4);

impl Hosts {
    /// The first address at which something listens.
    pub(crate) fn first_open(&self) -> Option<&Door> {
        self.doors().find(|door| door.refusal.is_none())
    }

    pub(crate) fn doors(&self) -> impl Iterator<Item = &Door> {
        self.hosts.iter().flat_map(|host| &host.doors)
    }
}

/// Looks all hosts up and calls each address.
pub(crate) async fn look_up(options: Option<&PostgresOptions>, patience: Duration) -> Hosts {
    let Some(options) = options else { return Hosts::default() };
    let given = |index: usize| options.addresses.get(index).copied().flatten();
    let each = options
        .hosts
        .iter()
        .enumerate()
        .map(|(index, (host, port))| one_host(host.clone(), *port, given(index), patience));
    Hosts { hosts: join_all(each).await }
}

async fn one_host(name: String, port: u16, given: Option<IpAddr>, patience: Duration) -> Host {
    let (lookup, places) = find(&name, port, given, patience).await;
    let doors = join_all(places.into_iter().map(|place| call(place, name.clone(), patience.min(CALL)))).await;
    Host { name, lookup, doors }
}

async fn find(name: &str, port: u16, given: Option<IpAddr>, patience: Duration) -> (Lookup, Vec<Place>) {
    if name.starts_with('/') {
        return (Lookup::Socket, vec![Place::Unix(PathBuf::from(format!("{name}/.s.PGSQL.{port}")))]);
    }
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    if let Some(address) = given.or_else(|| bare.parse().ok()) {
        return (Lookup::Given, vec![Place::Tcp(SocketAddr::new(address, port))]);
    }
    let started = Instant::now();
    match timeout(patience, tokio::net::lookup_host((bare, port))).await {
        Ok(Ok(found)) => {
            let mut places: Vec<Place> = Vec::new();
            for place in found.map(Place::Tcp) {
                if !places.contains(&place) {
                    places.push(place);
                }
            }
            let took = started.elapsed();
            if places.is_empty() {
                return (Lookup::Failed { took, why: "the answer was empty".to_owned() }, places);
            }
            (Lookup::Found { took }, places)
        }
        Ok(Err(error)) => {
            let why = error.to_string();
            let why = why.rsplit(": ").next().unwrap_or_default().to_owned();
            (Lookup::Failed { took: started.elapsed(), why }, Vec::new())
        }
        Err(_) => (Lookup::Silent { after: started.elapsed() }, Vec::new()),
    }
}

async fn call(place: Place, host: String, patience: Duration) -> Door {
    let mut door = Door { place, host, calls: Vec::new(), local: None, refusal: None };
    for _ in 0..CALLS {
        let started = Instant::now();
        match timeout(patience, knock(&door.place)).await {
            Ok(Ok(local)) => {
                door.local = door.local.or(local);
                door.calls.push(started.elapsed());
            }
            Ok(Err(error)) => {
                door.refusal = Some(refusal(&error));
                break;
            }
            Err(_) => {
                door.refusal = Some(Refusal::Silent(patience));
                break;
            }
        }
        // The median of a slow path is known after one call well enough.
        if started.elapsed() > Duration::from_millis(100) {
            break;
        }
    }
    if !door.calls.is_empty() {
        // One that answered at least once is there.
        door.refusal = None;
    }
    door
}

async fn knock(place: &Place) -> io::Result<Option<IpAddr>> {
    match place {
        Place::Tcp(address) => {
            Ok(TcpStream::connect(address).await?.local_addr().ok().map(|local| local.ip()))
        }
        Place::Unix(path) => UnixStream::connect(path).await.map(|_| None),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of some forty kinds a few have words of their own")]
fn refusal(error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Refusal::Refused,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => Refusal::NoRoute,
        io::ErrorKind::TimedOut => Refusal::Silent(CALL),
        io::ErrorKind::NotFound => Refusal::NoSuchSocket,
        io::ErrorKind::PermissionDenied => Refusal::Forbidden,
        other => Refusal::Other(other),
    }
}

impl Door {
    /// Whether it is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        match &self.place {
            Place::Tcp(address) => address.ip().is_loopback(),
            Place::Unix(_) => true,
        }
    }

    pub(crate) fn fastest(&self) -> Duration {
        self.calls.iter().min().copied().unwrap_or_default()
    }

    pub(crate) fn median(&self) -> Duration {
        let mut sorted = self.calls.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}
