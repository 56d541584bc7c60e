//! A path that really loses packets: a network namespace with a packet filter.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::environment;
use crate::error::{Error, must};
use crate::port::ReservedPort;
use crate::postgres::Postgres;
use crate::watchdog::Watchdog;

/// A path to any address over which packets are lost as told: neither side hears of it, TCP repeats what it has sent,
/// and nothing but a timer finds out. What a [`Relay`](crate::Relay) cannot do, since its sockets acknowledge.
///
/// The far end is a network namespace of its own, joined to this one by a pair of virtual interfaces. Inside it a
/// forwarder accepts connections and passes on what really arrives; the packet filter between is `nft`'s. All of it goes
/// when this is dropped, and when the test is killed.
#[derive(Debug)]
pub struct LossyPath {
    name: String,
    addr: SocketAddr,
    /// The ports of the clients whose connections are open.
    clients: Arc<Mutex<HashSet<u16>>>,
    /// There until dropped.
    forwarder: Option<Runtime>,
    /// Makes name and address unique on this machine.
    _port: ReservedPort,
    _watchdog: Watchdog,
}

impl LossyPath {
    /// A good path to `target`.
    ///
    /// # Errors
    /// Where this machine does not allow it: not Linux, no root, no `ip` or `nft`. A test says so on standard error, as
    /// *skipped*, and ends.
    pub async fn to(target: SocketAddr) -> Result<Self, Error> {
        for tool in ["ip", "nft"] {
            if !environment::path().iter().any(|directory| directory.join(tool).is_file()) {
                return Err(Error::new(format!(
                    "there is no {tool}: see scripts/install-test-tools nftables"
                )));
            }
        }
        if !rustix::process::geteuid().is_root() {
            return Err(Error::new("network namespaces need root"));
        }
        let port = ReservedPort::choose()?;
        let name = format!("steadfast{}", port.number());
        let watchdog = Watchdog::of_namespace()?;
        watchdog.watch_name(&name)?;
        let (here, there) = addresses(port.number());
        for command in set_up(&name, here, there) {
            run(&command).await?;
        }
        let listener = listen_inside(&name, (there, port.number()).into())?;
        let clients = Arc::default();
        let forwarder = forward(listener, target, Arc::clone(&clients))?;
        let addr = (there, port.number()).into();
        Ok(Self { name, addr, clients, forwarder: Some(forwarder), _port: port, _watchdog: watchdog })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The server's URL, by way of this path.
    #[must_use]
    pub fn url_from(&self, postgres: &Postgres) -> String {
        postgres.url_at(self.addr)
    }

    /// How many connections are open, as far as the far end knows.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.clients().len()
    }

    /// Loses every packet of the connections that are open, both ways, for good; new ones work. What a NAT does that
    /// forgets. Gives how many they are.
    pub async fn lose_existing(&self) -> usize {
        let clients: Vec<String> = self.clients().iter().map(ToString::to_string).collect();
        if !clients.is_empty() {
            self.filter(&format!("add element inet path lost {{ {} }}", clients.join(", "))).await;
        }
        clients.len()
    }

    /// Loses this many of a hundred packets, each way, at random. 100 loses all.
    pub async fn lose(&self, percent: u8) {
        let which = if percent < 100 { format!("numgen random mod 100 < {percent} ") } else { String::new() };
        for (chain, _) in CHAINS {
            self.filter(&format!("add rule inet path {chain} {which}drop")).await;
        }
    }

    /// Loses nothing any more.
    pub async fn heal(&self) {
        for (chain, forgotten) in CHAINS {
            self.filter(&format!("flush chain inet path {chain}")).await;
            self.filter(&format!("add rule inet path {chain} {forgotten} drop")).await;
        }
        self.filter("flush set inet path lost").await;
    }

    async fn filter(&self, rule: &str) {
        must(run(&format!("ip netns exec {} nft {rule}", self.name)).await);
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, HashSet<u16>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LossyPath {
    fn drop(&mut self) {
        if let Some(forwarder) = self.forwarder.take() {
            // Its sockets keep the namespace; the watchdog does the rest.
            forwarder.shutdown_background();
        }
    }
}

/// What comes in from clients that are lost, and what goes out to them.
const CHAINS: [(&str, &str); 2] = [("input", "tcp sport @lost"), ("output", "tcp dport @lost")];

/// Two addresses of a network of four, in the range that is set aside for tests of networks (RFC 2544).
fn addresses(number: u16) -> (Ipv4Addr, Ipv4Addr) {
    let network = u32::from(Ipv4Addr::new(198, 18, 0, 0)) + 4 * u32::from(number);
    (Ipv4Addr::from(network + 1), Ipv4Addr::from(network + 2))
}

fn set_up(name: &str, here: Ipv4Addr, there: Ipv4Addr) -> Vec<String> {
    // An interface's name has room for 15 bytes.
    let (near, far) = (interface(name), "far");
    let inside = format!("ip netns exec {name}");
    let mut commands = vec![
        format!("ip netns add {name}"),
        format!("ip link add {near} type veth peer name {far} netns {name}"),
        format!("ip addr add {here}/30 dev {near}"),
        format!("ip link set {near} up"),
        format!("{inside} ip addr add {there}/30 dev {far}"),
        format!("{inside} ip link set {far} up"),
        format!("{inside} nft add table inet path"),
        format!("{inside} nft add set inet path lost {{ type inet_service; }}"),
    ];
    for (chain, forgotten) in CHAINS {
        commands.push(format!(
            "{inside} nft add chain inet path {chain} {{ type filter hook {chain} priority 0; }}"
        ));
        commands.push(format!("{inside} nft add rule inet path {chain} {forgotten} drop"));
    }
    commands
}

/// The near end of the pair, as `watchdog.sh` knows it too.
fn interface(name: &str) -> String {
    name.replace("steadfast", "sf")
}

async fn run(command: &str) -> Result<(), Error> {
    let mut words = command.split(' ');
    let program = words.next().unwrap_or_default();
    let output = Command::new(program).args(words).output().await;
    let output = output.map_err(|cause| Error::system(command, cause))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::system(command, String::from_utf8_lossy(&output.stderr).trim()))
}

/// A listener in the namespace. A socket belongs for life to where it was made, so a thread that goes there and makes
/// it is enough.
fn listen_inside(name: &str, addr: SocketAddr) -> Result<StdListener, Error> {
    let place = format!("/run/netns/{name}");
    let made = std::thread::spawn(move || -> io::Result<StdListener> {
        let namespace = std::fs::File::open(place)?;
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
        let listener = StdListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    let made = made.join().unwrap_or_else(|_| Err(io::Error::other("the thread panicked")));
    made.map_err(|cause| Error::system(format_args!("listening in the namespace {name}"), cause))
}

/// Passes on what arrives, on a thread of its own.
fn forward(
    listener: StdListener,
    target: SocketAddr,
    clients: Arc<Mutex<HashSet<u16>>>,
) -> Result<Runtime, Error> {
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("path").enable_all().build();
    let runtime = runtime.map_err(|cause| Error::system("starting the thread of the path", cause))?;
    let _detached = runtime.spawn(async move {
        let Ok(listener) = TcpListener::from_std(listener) else { return };
        let mut connections = JoinSet::new();
        loop {
            let (client, from) = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(_closed) => return,
                },
                Some(_ended) = connections.join_next() => continue,
            };
            connections.spawn(carry(client, from.port(), target, Arc::clone(&clients)));
        }
    });
    Ok(runtime)
}

async fn carry(mut client: TcpStream, port: u16, target: SocketAddr, clients: Arc<Mutex<HashSet<u16>>>) {
    let open = || clients.lock().unwrap_or_else(PoisonError::into_inner);
    open().insert(port);
    if let Ok(mut server) = TcpStream::connect(target).await {
        let _ended = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
    open().remove(&port);
}
